// SPDX-License-Identifier: GPL-2.0-or-later

package targets_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// TestCrossCompilers resolves the compilers for every pair of architectures. A cross build
// gets the package named after the architecture that it builds for. On a machine of that
// architecture whose release has no such package, it gets the native one.
func TestCrossCompilers(t *testing.T) {
	set, catalogue := loadBuiltIn(t)
	pairs := 0
	for _, name := range []string{"debian-12", "debian-13", "debian-sid"} {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range targets.Arches() {
			for _, cross := range targets.Arches() {
				target, err := release.For(host, cross)
				if err != nil || host.IsWindows() {
					continue
				}
				pairs++
				triplet := "-" + strings.ReplaceAll(cross.ABI(), "_", "-")
				available := slices.Contains(release.Compilers[host], cross)
				packages, err := targets.Select(set, target, []string{"qemu"})
				if err != nil {
					t.Fatal(err)
				}
				for _, compiler := range []string{"gcc", "g++"} {
					want := compiler + triplet
					if host == cross && !available {
						want = compiler
					}
					if got := packages.Resolved[compiler]; got.Name != want || got.Kind != targets.Foreign {
						t.Errorf("%s on %s for %s: %+v, want %s", name, host, cross, got, want)
					}
				}
				if unavailable := len(packages.Unavailable) > 0; unavailable != (host != cross && !available) {
					t.Errorf("%s on %s for %s: unavailable are %+v", name, host, cross, packages.Unavailable)
				}
			}
		}
	}
	if pairs != 11*(10+9+11) {
		t.Errorf("%d pairs", pairs)
	}
}

// Names from a data directory are not changed.
func TestOwnCrossCompilers(t *testing.T) {
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	own := facts.Layer{Name: "own", FS: fstest.MapFS{"mappings.yml": {Data: []byte(
		"mappings:\n  gcc: {deb: gcc, cross-x86_64-deb: my-gcc, cross-policy-default: foreign}\n")}}}
	set, err := facts.Load(facts.Options{Layers: []facts.Layer{own, facts.BuiltIn()}, Known: catalogue.Vocabulary})
	if err != nil {
		t.Fatal(err)
	}
	release, err := catalogue.Release("debian-12")
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []targets.Arch{"x86_64", "riscv64"} {
		target, err := release.For(host, "x86_64")
		if err != nil {
			t.Fatal(err)
		}
		p, ok, err := targets.Resolve(set, target, "gcc")
		if err != nil || !ok || p.Name != "my-gcc" {
			t.Errorf("on %s: got %+v, %v", host, p, err)
		}
	}
}
