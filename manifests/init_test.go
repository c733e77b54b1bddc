// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCreate: a first manifest replaces nothing, and no link of the project leads it out.
func TestCreate(t *testing.T) {
	outside, linked := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(linked, "ci")); err != nil {
		t.Fatal(err)
	}
	if err := Create(linked, []byte("text")); err == nil {
		t.Error("a link that leads out is followed")
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("outside: %v, %v", left, err)
	}
	base := filepath.Join(t.TempDir(), "new")
	if err := Create(base, []byte("text")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(base, "ci", "manifest.yml")
	if err := Create(base, []byte("other")); err == nil || err.Error() != file+" already exists" {
		t.Errorf("once more: %v", err)
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "text" {
		t.Errorf("%q, %v", data, err)
	}
	if err := os.WriteFile(filepath.Join(outside, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Create(filepath.Join(outside, "file"), nil); err == nil || !strings.HasPrefix(err.Error(), "cannot make ") {
		t.Errorf("in a file: %v", err)
	}
}
