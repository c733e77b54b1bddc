// SPDX-License-Identifier: GPL-2.0-or-later

package ci

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// packageVersions lists versions of git describe with those of a deb, rpm and apk package, in
// ascending order.
func packageVersions() [][4]string {
	return [][4]string{
		{"unknown", "0.0.0+0.unknown", "0.0.0^0.unknown", "0.0.0_git0"},
		{"v0.1", "0.1", "0.1", "0.1"},
		{"v1.2.0-alpha2", "1.2.0~alpha2", "1.2.0~alpha2", "1.2.0_alpha2"},
		{"v1.2.0beta.1", "1.2.0~beta1", "1.2.0~beta1", "1.2.0_beta1"},
		{"v1.2.0_pre3", "1.2.0~pre3", "1.2.0~pre3", "1.2.0_pre3"},
		{"v1.2.0-rc", "1.2.0~rc0", "1.2.0~rc0", "1.2.0_rc0"},
		{"v1.2.0-rc-5-gabcdef0", "1.2.0~rc0+5.gabcdef0", "1.2.0~rc0^5.gabcdef0", "1.2.0_rc0_git5"},
		{"v1.2.0-rc1", "1.2.0~rc1", "1.2.0~rc1", "1.2.0_rc1"},
		{"v1.2.0-rc1-dirty", "1.2.0~rc1+0.dirty", "1.2.0~rc1^0.dirty", "1.2.0_rc1_git0_p1"},
		{"v1.2.0-rc1-5-gabcdef0", "1.2.0~rc1+5.gabcdef0", "1.2.0~rc1^5.gabcdef0", "1.2.0_rc1_git5"},
		{"v1.2.0-rc.2", "1.2.0~rc2", "1.2.0~rc2", "1.2.0_rc2"},
		{"v1.2.0_rc10", "1.2.0~rc10", "1.2.0~rc10", "1.2.0_rc10"},
		{"v1.2.0", "1.2.0", "1.2.0", "1.2.0"},
		{"v1.2.0-dirty", "1.2.0+0.dirty", "1.2.0^0.dirty", "1.2.0_git0_p1"},
		{"v1.2.0-5-gabcdef0", "1.2.0+5.gabcdef0", "1.2.0^5.gabcdef0", "1.2.0_git5"},
		{"v1.2.0-5-gabcdef0-dirty", "1.2.0+5.gabcdef0.dirty", "1.2.0^5.gabcdef0.dirty", "1.2.0_git5_p1"},
		{"v1.2.0-12-g0000000", "1.2.0+12.g0000000", "1.2.0^12.g0000000", "1.2.0_git12"},
		{"v1.2.0.1", "1.2.0.1", "1.2.0.1", "1.2.0.1"},
		{"v1.10.0", "1.10.0", "1.10.0", "1.10.0"},
	}
}

// alpine is the grammar of apk-package(5), without the hash of a commit, which apk before
// version 3 refuses.
var alpine = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*(-r[0-9]+)?$`)

func packageVersion(t *testing.T, version, packager string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "./package-version", version, packager).Output()
	return strings.TrimSuffix(string(out), "\n"), err
}

// TestPackageVersion: each packager gets a version that it accepts.
func TestPackageVersion(t *testing.T) {
	cases := append(packageVersions(),
		[4]string{"80eb7f1d", "0.0.0+0.g80eb7f1d", "0.0.0^0.g80eb7f1d", "0.0.0_git0"},
		[4]string{"abcdef0-dirty", "0.0.0+0.gabcdef0.dirty", "0.0.0^0.gabcdef0.dirty", "0.0.0_git0_p1"})
	for _, c := range cases {
		for i, packager := range []string{"deb", "rpm", "apk"} {
			got, err := packageVersion(t, c[0], packager)
			if want := c[i+1]; err != nil || got != want {
				t.Errorf("%s %s: %q, %v; want %q", packager, c[0], got, err, want)
			}
			if packager == "apk" && !alpine.MatchString(got) {
				t.Errorf("%s: apk does not accept %s", c[0], got)
			}
		}
	}
}

// TestNoPackageVersion: what no packager accepts is refused.
func TestNoPackageVersion(t *testing.T) {
	for _, version := range []string{"", "v", "1.2.0", "release-1", "v1.2.0-RC1", "v1.2.0-rc1.2", "v1.2.0-final", "v1.2.0+build5", "v1..2", "v1.2.0a", "v1.2.0-5", "v1.2.0-5-gxyz", "v1.2.0-dirty-dirty", "v1.2.0\nv1.2.0", "-dirty"} {
		for _, packager := range []string{"deb", "rpm", "apk"} {
			if got, err := packageVersion(t, version, packager); err == nil || got != "" {
				t.Errorf("%s %q: %q", packager, version, got)
			}
		}
	}
	if got, err := packageVersion(t, "v1.2.0", "pkg"); err == nil || got != "" {
		t.Errorf("pkg: %q", got)
	}
}
