// SPDX-License-Identifier: GPL-2.0-or-later

package scratch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// TestOtherMachines: in a home that several machines share, a sweep leaves alone what a
// process of another machine may use, whose lock is not seen here.
func TestOtherMachines(t *testing.T) {
	parent := t.TempDir()
	used, done, err := New(parent)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	name := filepath.Base(used)
	name = name[:strings.LastIndexByte(name, '-')]
	here, there, old := filepath.Join(parent, name+"-1"), filepath.Join(parent, prefix+"0a0a0a0a-1"), filepath.Join(parent, prefix+"0a0a0a0a-2")
	for _, dir := range []string{here, there, old} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-30*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{here, there} { // a kept container of the other machine is not known here
		if err := errors.Join(os.WriteFile(filepath.Join(dir, KeptFile), nil, 0o600), os.Chtimes(filepath.Join(dir, KeptFile), time.Time{}, time.Now().Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	if got := Kept(parent); len(got) != 1 || filepath.Dir(got[0]) != here {
		t.Errorf("kept: %q", got)
	}
	if got := Abandoned(parent); len(got) != 2 || got[0] != old && got[1] != old {
		t.Errorf("abandoned: %q", got)
	}
	Sweep(parent)
	for dir, want := range map[string]bool{used: true, here: false, there: true, old: false} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
