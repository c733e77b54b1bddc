// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMakePrivateDir(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "d")
	for range 2 {
		if err := MakePrivateDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := MakePrivateDir(dir); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	put(t, filepath.Join(parent, "file"), "")
	if err := os.Symlink(dir, filepath.Join(parent, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "file", "not/there"} {
		if err := MakePrivateDir(filepath.Join(parent, name)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		if err := MakePrivateDir(dir); err == nil {
			t.Error("somebody else's directory was taken")
		}
	}
}
