// SPDX-License-Identifier: GPL-2.0-or-later

package scratch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestNew: Sweep keeps a directory in use, and removes that of a process that has ended.
func TestNew(t *testing.T) {
	parent := t.TempDir()
	used, done, err := New(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{prefix + "left/below", "other"} {
		if err := os.MkdirAll(filepath.Join(parent, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	second, doneToo, err := New(parent)
	if err != nil {
		t.Fatal(err)
	}
	Sweep(parent)
	for name, want := range map[string]bool{used: true, second: true, filepath.Join(parent, "other"): true, filepath.Join(parent, prefix+"left"): false} {
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
	if again, doneAgain, err := New(parent); err != nil {
		t.Error(err)
	} else {
		doneAgain()
		if _, err := os.Stat(again); err == nil {
			t.Errorf("%s is still there", again)
		}
	}
	Sweep(filepath.Join(parent, "nosuch"))
	if _, _, err := New(filepath.Join(parent, "nosuch")); err == nil {
		t.Error("a parent that is not there was no error")
	}
}

// TestKept: a directory stays as long as its file says.
func TestKept(t *testing.T) {
	parent := t.TempDir()
	for ahead, want := range map[time.Duration]bool{time.Hour: true, -time.Hour: false} {
		dir, done, err := New(parent)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, KeptFile)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(ahead)); err != nil {
			t.Fatal(err)
		}
		if kept := Kept(parent); len(kept) != 1 || kept[0] != file {
			t.Errorf("kept %q", kept)
		}
		done()
		Sweep(parent)
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%v ahead: %v", ahead, err)
		}
		_ = os.RemoveAll(dir)
	}
}
