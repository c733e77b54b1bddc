// SPDX-License-Identifier: GPL-2.0-or-later

package targets_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// tables has the original's packages of May 2026. Only some developers have it;
// TestEveryPackage runs everywhere.
const tables = "../../shared/facts"

func haveTables(t *testing.T) bool {
	t.Helper()
	_, err := os.Stat(tables)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// A place is a mapping on a machine.
type place struct {
	mapping, target string
	side            string // "host" or "cross"
	arch            targets.Arch
}

type answer struct {
	kind targets.Kind // "" for nothing
	name string
}

// TestEveryRowOfTheTables covers each mapping, target, host and cross architecture.
func TestEveryRowOfTheTables(t *testing.T) {
	if !haveTables(t) {
		return
	}
	want := readNative(t)
	cross := readTable(t, "packages-cross.csv", "cross", "cross_arch")
	for at, answer := range cross {
		want[at] = answer
	}
	corrected := readCorrections(t)
	set, catalogue := loadBuiltIn(t, mayLayer())

	names := map[string]bool{}
	for at, original := range want {
		names[at.mapping] = true
		got := resolve(t, set, catalogue, at)
		correction, ok := corrected[at]
		switch {
		case !ok && got != original:
			t.Errorf("%v: got %v, the tables have %v", at, got, original)
		case ok && (original != correction.was || got != correction.now):
			t.Errorf("%v: got %v instead of %v, CORRECTIONS.md has %v instead of %v", at, got, original, correction.now, correction.was)
		}
	}
	for at := range corrected {
		if _, ok := want[at]; !ok {
			t.Errorf("%v: CORRECTIONS.md corrects what the tables do not have", at)
		}
	}
	// These mappings of our own workload are newer than the tables.
	own := []string{"igvm", "pyproject-rpm-macros", "libvirt-daemon", "libvirt-daemon-qemu", "qemu-system-x86"}
	for _, name := range set.MappingNames() {
		if !names[name] && !slices.Contains(own, name) {
			t.Errorf("mapping %q is not in the tables", name)
		}
	}
	if rows := len(want); rows < 90_000 || len(cross) < 11_000 {
		t.Errorf("compared %d rows, %d of them cross; the tables are not whole", rows, len(cross))
	}
}

func resolve(t *testing.T, set *facts.Set, catalogue *targets.Catalogue, at place) answer {
	t.Helper()
	release, err := catalogue.Release(at.target)
	if err != nil {
		t.Fatal(err)
	}
	host, cross := at.arch, targets.Arch("")
	if at.side == "cross" {
		host, cross = "x86_64", at.arch
	}
	target, err := release.For(host, cross)
	if err != nil {
		t.Fatalf("%v: %v", at, err)
	}
	p, _, err := targets.Resolve(set, target, at.mapping)
	if err != nil {
		t.Fatalf("%v: %v", at, err)
	}
	return answer{p.Kind, p.Name}
}

// readNative returns the packages for each host architecture; rows exist only where they
// differ from x86_64.
func readNative(t *testing.T) map[place]answer {
	want := readTable(t, "packages-by-arch.csv", "host", "host_arch")
	for at, answer := range readTable(t, "packages.csv", "host", "") {
		for _, at.arch = range targets.Arches() {
			if _, differs := want[at]; !differs && !at.arch.IsWindows() {
				want[at] = answer
			}
		}
	}
	return want
}

func readTable(t *testing.T, file, side, archColumn string) map[place]answer {
	rows := map[place]answer{}
	for _, row := range readCSV(t, file) {
		a := answer{targets.Kind(row["kind"]), row["package"]}
		switch row["kind"] {
		case "none":
			a.kind = ""
		case "cross":
			a.kind = targets.Foreign
		}
		rows[place{row["mapping"], row["target"], side, targets.Arch(row[archColumn])}] = a
	}
	return rows
}

func readCSV(t *testing.T, file string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(tables, file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// mayLayer has the values of May 2026 that were changed since, to compare with the tables.
func mayLayer() facts.Layer {
	return facts.Layer{Name: "may-2026", FS: os.DirFS("../facts/testdata/may-2026")}
}

func loadBuiltIn(t *testing.T, nearer ...facts.Layer) (*facts.Set, *targets.Catalogue) {
	t.Helper()
	warn := func(f *facts.Problem) { t.Errorf("warning: %v", f) }
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}, Warn: warn})
	if err != nil {
		t.Fatal(err)
	}
	bundled := facts.BuiltIn()
	bundled.Proven = false // this is the proof
	set, err := facts.Load(facts.Options{Layers: append(nearer, bundled), Known: catalogue.Vocabulary, Warn: warn})
	if err != nil {
		t.Fatal(err)
	}
	return set, catalogue
}
