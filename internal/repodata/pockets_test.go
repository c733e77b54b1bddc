// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

// pocketSite is a mirror with a second suite, "trixie-updates".
func pocketSite(t *testing.T, s signer) site {
	t.Helper()
	index := "main/binary-amd64/Packages.gz"
	mirror := debSite(t, s, releaseHead, map[string]string{index: packagesText})
	head := strings.NewReplacer("Suite: stable", "Suite: stable-updates", "Codename: trixie", "Codename: trixie-updates").Replace(releaseHead)
	more := debSite(t, s, head, map[string]string{index: "Package: openjdk-25-jdk\nProvides: java25-sdk\n"})
	for name, data := range maps.All(more) {
		mirror[strings.Replace(name, "dists/trixie/", "dists/trixie-updates/", 1)] = data
	}
	return mirror
}

// A name that only the updates have is present. A pocket that the mirror lacks is reported
// only if a name is missing.
func TestPockets(t *testing.T) {
	s := newSigner(t)
	verify := func(url string, pockets []Pocket, names ...string) *Report {
		t.Helper()
		src := debSource(url, s)
		src.Pockets = pockets
		r, err := newClient(t, Options{}).Verify(t.Context(), src, names)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	url := pocketSite(t, s).dir(t)
	updates := Pocket{Suite: "trixie-updates"}
	want := "zlib1g-dev: present\nopenjdk-25-jdk: present\njava25-sdk: virtual by openjdk-25-jdk\n"
	for name, pockets := range map[string][]Pocket{
		"of the mirror":        {updates},
		"of another":           {{url, "trixie-updates"}},
		"beside a lacking":     {{"", "trixie-security"}, updates},
		"beside a far one":     {{"http://127.0.0.1:1/debian-security", "trixie-security"}, updates},
		"mirror not there":     {{"file:///nonexistent/debian-security", "trixie-security"}, updates},
		"named more than once": {updates, updates},
	} {
		r := verify(url, pockets, "zlib1g-dev", "openjdk-25-jdk", "java25-sdk")
		if got := describe(r.Results); got != want || len(r.Warnings) != 0 {
			t.Errorf("%s: got\n%swarnings %q", name, got, r.Warnings)
		}
	}
	r := verify(url, []Pocket{{"", "trixie-security"}, updates}, "xyzzy")
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "suite trixie-security: ") || !strings.Contains(r.Warnings[0], ErrNotFound.Error()) {
		t.Errorf("a missing name: warnings %q", r.Warnings)
	}
	if r := verify(url, nil, "openjdk-25-jdk"); r.Results[0].Status != Missing {
		t.Errorf("without pockets: %+v", r.Results)
	}
}

// A pocket signed by another key is an error, not a missing pocket.
func TestPocketsSignedBySomebodyElse(t *testing.T) {
	s := newSigner(t)
	mirror := pocketSite(t, s)
	other := newSigner(t)
	mirror["dists/trixie-updates/InRelease"] = other.clearsign(t, inner(t, mirror["dists/trixie-updates/InRelease"]))
	src := debSource(mirror.dir(t), s)
	src.Pockets = []Pocket{{Suite: "trixie-updates"}}
	if _, err := newClient(t, Options{}).Verify(t.Context(), src, debNames); !errors.Is(err, ErrSignature) {
		t.Errorf("got %v", err)
	}
	src.Pockets = []Pocket{{Suite: "../x"}}
	_, err := newClient(t, Options{}).Verify(t.Context(), src, debNames)
	wantError(t, err, "cannot be part of a mirror's path")
}
