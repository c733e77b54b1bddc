// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"os"
	"path/filepath"
	"testing"
)

// TestScratch proves that what is in use stays, and what a process left that
// is gone does not.
func TestScratch(t *testing.T) {
	parent := t.TempDir()
	used, done, err := Scratch(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{scratchPrefix + "left/below", "other"} {
		if err := os.MkdirAll(filepath.Join(parent, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	second, doneToo, err := Scratch(parent)
	if err != nil {
		t.Fatal(err)
	}
	Sweep(parent)
	for name, want := range map[string]bool{used: true, second: true, filepath.Join(parent, "other"): true, filepath.Join(parent, scratchPrefix+"left"): false} {
		if _, err := os.Stat(name); (err == nil) != want {
			t.Errorf("%s: there is %v, want %v", name, err == nil, want)
		}
	}
	done()
	doneToo()
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if again, doneAgain, err := Scratch(parent); err != nil {
		t.Error(err)
	} else {
		doneAgain()
		if _, err := os.Stat(again); err == nil {
			t.Errorf("%s is still there", again)
		}
	}
	Sweep(filepath.Join(parent, "nosuch"))
	if _, _, err := Scratch(filepath.Join(parent, "nosuch")); err == nil {
		t.Error("a parent that is not there was no error")
	}
}
