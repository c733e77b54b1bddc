// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

func TestRunsOn(t *testing.T) {
	for _, c := range []struct {
		arch, platform string
		want           bool
	}{
		{"amd64", "", true}, {"arm64", "linux/arm64", true}, {"arm64", "linux/arm64/v8", true}, {"arm64", "arm64", true},
		{"amd64", "linux/arm64", false}, {"", "linux/arm64", false}, {"arm64", "arm64/v8", false},
	} {
		if got := api.RunsOn(api.Image{Architecture: c.arch}, c.platform); got != c.want {
			t.Errorf("%s for %q: %v", c.arch, c.platform, got)
		}
	}
}

func TestSplitPlatform(t *testing.T) {
	for platform, want := range map[string][3]string{
		"linux/arm64/v8": {"linux", "arm64", "v8"}, "linux/s390x": {"linux", "s390x", ""}, "arm64": {"linux", "arm64", ""},
		"windows/amd64": {"windows", "amd64", ""},
	} {
		system, arch, variant := api.SplitPlatform(platform)
		if got := [3]string{system, arch, variant}; got != want {
			t.Errorf("%s: got %q", platform, got)
		}
	}
}
