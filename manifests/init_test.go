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

// TestFill: each name in a template has a value, and a value is not read as a template.
func TestFill(t *testing.T) {
	files, err := templates.ReadDir("templates")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	empty := filler{}
	for _, file := range files {
		empty.fill(file.Name(), nil)
	}
	for _, name := range []string{`template manifest.yml: no value for "project"`, `template build.yml: no value for "kind"`} {
		if empty.err == nil || !strings.Contains(empty.err.Error(), name) {
			t.Errorf("got %v, want %s", empty.err, name)
		}
	}
	if missing := (&filler{}); missing.fill("missing.yml", nil) != "" || missing.err == nil {
		t.Error("a file that does not exist has no error")
	}
	text, err := First(Start{Namespace: "{{project}}", Project: "p", CIDir: "x"}, catalogue(t))
	if err != nil || !strings.Contains(string(text), "\n  namespace: \"{{project}}\"\n") || !strings.Contains(string(text), "lcitool manifest --ci-dir x\n") {
		t.Errorf("%v\n%s", err, text)
	}
}
