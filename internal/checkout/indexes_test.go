// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// takeWith takes a snapshot, and reports whether it has changes.
func (d developer) takeWith(x Indexes) bool {
	d.t.Helper()
	s, err := Take(d.t.Context(), Source{Dir: d.dir, Store: d.t.TempDir(), Indexes: x})
	if err != nil {
		d.t.Fatal(err)
	}
	return s.Modified
}

// settle gives README and the index the same time in the past, so that git compares README
// at each use of the index.
func (d developer) settle() {
	d.t.Helper()
	past := time.Now().Add(-time.Minute)
	file, index := filepath.Join(d.dir, "README"), filepath.Join(d.dir, ".git", "index")
	if err := os.Chtimes(file, past, past); err != nil {
		d.t.Fatal(err)
	}
	d.git("update-index", "--refresh")
	if err := os.Chtimes(index, past, past); err != nil {
		d.t.Fatal(err)
	}
}

// kept returns the only copy, or nil if there is none.
func (x Indexes) kept(t *testing.T) os.FileInfo {
	t.Helper()
	entries, err := os.ReadDir(x.Dir)
	if err != nil || len(entries) > 1 {
		t.Fatalf("%v %v", entries, err)
	}
	if len(entries) == 0 {
		return nil
	}
	info, err := entries[0].Info()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestIndexes: files as new as the index are compared once, the developer's index is
// unchanged, and another index does not use the copy.
func TestIndexes(t *testing.T) {
	d, x := newDeveloper(t), IndexesIn(t.TempDir())
	d.settle()
	before, begin := d.files(), time.Now()
	if d.takeWith(x) {
		t.Error("a change was seen")
	}
	first := x.kept(t)
	if first == nil || first.ModTime().After(begin.Add(-time.Second)) {
		t.Fatalf("kept %+v", first)
	}
	if d.takeWith(x) || !os.SameFile(first, x.kept(t)) {
		t.Error("the files were compared again")
	}
	if d.files() != before {
		t.Error("the developer's repository was changed")
	}
	d.write("README", "another text\n")
	d.commit("second")
	d.settle()
	if d.takeWith(x) || os.SameFile(first, x.kept(t)) {
		t.Error("the copy of an older index was used")
	}
	x.Sweep()
	if x.kept(t) == nil {
		t.Error("a new copy was removed")
	}
	if x.Clear(); x.kept(t) != nil {
		t.Error("a copy is left")
	}
}

// TestIndexesSeeChanges: a file that changes after its comparison, to the same size, is a
// change, also in the same second and if the index was kept later.
func TestIndexesSeeChanges(t *testing.T) {
	for _, wait := range []time.Duration{0, 1100 * time.Millisecond} {
		d, x := newDeveloper(t), IndexesIn(t.TempDir())
		d.write("README", "text old\n")
		d.commit("old")
		if err := os.Chtimes(filepath.Join(d.dir, ".git", "index"), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		if d.takeWith(x) || x.kept(t) == nil {
			t.Fatal("the comparison is not kept")
		}
		d.write("README", "text new\n")
		time.Sleep(wait)
		for range 2 {
			if !d.takeWith(x) {
				t.Errorf("the change was not seen after %s", wait)
			}
		}
		d.write("README", "text old\n")
		if d.takeWith(x) {
			t.Errorf("a change is seen after %s where is none", wait)
		}
	}
}

// TestIndexesOfOtherSettings: other settings of the repository do not use the copy, and a
// damaged copy is removed.
func TestIndexesOfOtherSettings(t *testing.T) {
	d, x := newDeveloper(t), IndexesIn(t.TempDir())
	d.settle()
	d.takeWith(x)
	first := x.kept(t)
	d.git("config", "core.autocrlf", "input")
	if d.takeWith(x); os.SameFile(first, x.kept(t)) {
		t.Error("the copy was used")
	}
	if err := os.WriteFile(filepath.Join(x.Dir, x.kept(t).Name()), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Take(t.Context(), Source{Dir: d.dir, Store: t.TempDir(), Indexes: x}); err == nil {
		t.Error("git has taken a damaged index")
	}
	if d.takeWith(x) {
		t.Error("a change was seen")
	}
}
