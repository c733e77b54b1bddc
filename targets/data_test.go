// SPDX-License-Identifier: GPL-2.0-or-later

package targets_test

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// TestEverySelectorMatters finds selectors that could be removed without a change on any
// target.
func TestEverySelectorMatters(t *testing.T) {
	set, catalogue := loadBuiltIn(t)
	machines := allMachines(t, catalogue)
	for _, name := range set.MappingNames() {
		m, err := set.Mapping(name)
		if err != nil {
			t.Error(err)
			continue
		}
		matters := map[facts.Position]bool{}
		for _, machine := range machines {
			if machine.Cross == "" {
				markNative(m, machine, matters)
			} else {
				markCross(m, machine, matters)
			}
		}
		for _, names := range []facts.Names{m.Native, m.PyPI, m.CPAN} {
			for selector, n := range names {
				if !matters[n.Pos] {
					t.Errorf("%v: mapping %q: nothing would change without %s", n.Pos, name, selector)
				}
			}
		}
	}
}

// markNative marks the selectors that decide the native package, or the one from PyPI or
// CPAN that replaces it.
func markNative(m *facts.Mapping, machine targets.Target, matters map[facts.Position]bool) {
	if mark(m.Native, targets.Selectors(machine, targets.Native), "", matters) != "" {
		return
	}
	if mark(m.PyPI, targets.Selectors(machine, targets.PyPI), "", matters) == "" {
		mark(m.CPAN, targets.Selectors(machine, targets.CPAN), "", matters)
	}
}

func markCross(m *facts.Mapping, machine targets.Target, matters map[facts.Position]bool) {
	if mark(m.Native, targets.PolicySelectors(machine), "native", matters) == "foreign" {
		mark(m.Native, targets.Selectors(machine, targets.Foreign), "", matters)
	}
}

// mark returns the value of the first selector, or missing, and marks that selector if the
// next one would give another value.
func mark(names facts.Names, selectors []string, missing string, matters map[facts.Position]bool) string {
	decides, name, ok := names.Lookup(selectors...)
	if !ok {
		return missing
	}
	next := missing
	rest := selectors[slices.Index(selectors, decides)+1:]
	if _, other, ok := names.Lookup(rest...); ok {
		next = other.Package
	}
	if next != name.Package {
		matters[name.Pos] = true
	}
	return name.Package
}

// allMachines returns every target for every host and cross architecture.
func allMachines(t *testing.T, catalogue *targets.Catalogue) []targets.Target {
	t.Helper()
	var all []targets.Target
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, arch := range targets.Arches() {
			if native, err := release.For(arch, ""); err == nil && !arch.IsWindows() {
				all = append(all, native)
			}
			if cross, err := release.For("x86_64", arch); err == nil {
				all = append(all, cross)
			}
		}
	}
	return all
}

func TestMirrors(t *testing.T) {
	_, catalogue := loadBuiltIn(t)
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		m := release.Mirror
		if m == nil {
			if release.Containers != nil {
				t.Errorf("%s: a container target without a mirror", name)
			}
			continue
		}
		switch release.Packaging.Format {
		case "deb":
			if m.Suite == "" || len(m.Components) == 0 || m.Keyring == "" || len(m.Repos) == 0 != strings.HasSuffix(name, "-sid") {
				t.Errorf("%s: %+v is no Debian archive", name, *m)
			}
		case "apk", "rpm":
			if m.Suite != "" || m.Components != nil || len(m.Repos) == 0 {
				t.Errorf("%s: %+v is no list of repositories", name, *m)
			}
		default:
			t.Errorf("%s: a mirror that nothing can read", name)
		}
	}
}
