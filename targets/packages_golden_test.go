// SPDX-License-Identifier: GPL-2.0-or-later

package targets_test

import (
	"bytes"
	"fmt"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/golden"
	"gitlab.com/lcitool/lcitool/targets"
)

// TestEveryPackage compares the package of every mapping on every target with a reviewed
// list, for each host and cross architecture. An architecture with the same package as
// x86_64 has no line.
func TestEveryPackage(t *testing.T) {
	set, catalogue := loadBuiltIn(t)
	var table bytes.Buffer
	rows := 0
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, mapping := range set.MappingNames() {
			usual := resolveOn(t, set, release, mapping, "x86_64", "")
			fmt.Fprintf(&table, "%s %s %s\n", name, mapping, usual)
			for _, arch := range targets.Arches() {
				rows += 2
				if host := resolveOn(t, set, release, mapping, arch, ""); !arch.IsWindows() && host != usual {
					fmt.Fprintf(&table, "%s %s host %s %s\n", name, mapping, arch, host)
				}
				if cross := resolveOn(t, set, release, mapping, "x86_64", arch); cross != "" && cross != usual {
					fmt.Fprintf(&table, "%s %s cross %s %s\n", name, mapping, arch, cross)
				}
			}
		}
	}
	if rows < 200_000 {
		t.Errorf("only %d rows", rows)
	}
	golden.Compressed(t, "testdata/packages.txt.gz", table.Bytes())
}

// resolveOn returns "KIND NAME", "-" for no package, "" if the target cannot build for
// cross.
func resolveOn(t *testing.T, set *facts.Set, release *targets.Release, mapping string, host, cross targets.Arch) string {
	t.Helper()
	target, err := release.For(host, cross)
	if err != nil {
		return ""
	}
	p, ok, err := targets.Resolve(set, target, mapping)
	switch {
	case err != nil:
		t.Fatalf("%s on %s: %v", mapping, target, err)
	case !ok:
		return "-"
	}
	return string(p.Kind) + " " + p.Name
}
