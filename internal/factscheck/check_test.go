// SPDX-License-Identifier: GPL-2.0-or-later

package factscheck

import (
	"slices"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/targets"
)

// The sources are those of a standard installation, with updates.
func TestSource(t *testing.T) {
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	const mirror = "http://m.example/pub/linux"
	for name, want := range map[string]struct {
		pockets []repodata.Pocket
		repos   []string
	}{
		"debian-sid": {},
		"debian-13": {pockets: []repodata.Pocket{
			{URL: "http://m.example/pub/debian-security", Suite: "trixie-security"}, {URL: mirror, Suite: "trixie-updates"},
		}},
		"ubuntu-2404": {pockets: []repodata.Pocket{
			{URL: mirror, Suite: "noble-backports"}, {URL: mirror, Suite: "noble-security"}, {URL: mirror, Suite: "noble-updates"},
		}},
		"fedora-44": {repos: []string{"releases/44/Everything/$arch/os", "updates/44/Everything/$arch"}},
	} {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		var c Checker
		s := c.Source(release, mirror, "x86_64")
		if !slices.Equal(s.Pockets, want.pockets) || !slices.Equal(s.Repos, want.repos) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestNothingToVerify: facts without any package indexes do not pass.
func TestNothingToVerify(t *testing.T) {
	const text = "os: {name: Debian, version: '99'}\npackaging: {format: deb, command: apt-get}\n" +
		"paths: {ccache: /c, make: /m, ninja: /n, pip3: /p, python: /y}\n"
	layer := facts.Layer{Name: "d", FS: fstest.MapFS{"debian-99.yml": {Data: []byte(text)}}}
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{layer}})
	if err != nil {
		t.Fatal(err)
	}
	if releases, err := Releases(catalogue, nil); err == nil || err.Error() != "the facts of no target have a section mirror with package indexes that can be read" {
		t.Errorf("%v, %v", releases, err)
	}
	if _, err := Releases(catalogue, []string{"debian-99"}); err == nil || err.Error() != "debian-99: its facts have no section mirror" {
		t.Error(err)
	}
}
