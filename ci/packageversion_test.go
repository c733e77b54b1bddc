// SPDX-License-Identifier: GPL-2.0-or-later

package ci

import (
	"os/exec"
	"strings"
	"testing"
)

// TestPackageVersion: a release candidate has a version before that of its release, and each
// commit one after the tag before it.
func TestPackageVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.0": "1.2.0", "v1.2.0-rc1": "1.2.0-rc1", "v1.2.0-dirty": "1.2.0+dirty",
		"v1.2.0-5-gabcdef0": "1.2.0+5.gabcdef0", "v1.2.0-5-gabcdef0-dirty": "1.2.0+5.gabcdef0.dirty",
		"v1.2.0-rc1-5-gabcdef0": "1.2.0-rc1+5.gabcdef0", "v1.2.0-rc1-dirty": "1.2.0-rc1+dirty",
		"abcdef0": "0.0.0+abcdef0", "abcdef0-dirty": "0.0.0+abcdef0.dirty", "unknown": "0.0.0+unknown",
	} {
		out, err := exec.CommandContext(t.Context(), "./package-version", version).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", version, got, err, want)
		}
	}
}
