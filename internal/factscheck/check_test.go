// SPDX-License-Identifier: GPL-2.0-or-later

package factscheck

import (
	"slices"
	"testing"

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
