// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// TestLintReportsWhatIsNotRead: a directory in which nothing is read, or not what it seems,
// does not pass.
func TestLintReportsWhatIsNotRead(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(dir string) error
		want    string // after the directory
	}{
		{"empty", func(string) error { return nil }, ": no facts: expected mappings.yml, targets or projects in the directory"},
		{"others", func(dir string) error { return os.WriteFile(filepath.Join(dir, "mapping.yml"), nil, 0o600) },
			": no facts: expected mappings.yml, targets or projects in the directory"},
		{"dangling mappings", func(dir string) error { return os.Symlink("nosuch", filepath.Join(dir, "mappings.yml")) },
			"/mappings.yml: cannot read: no such file or directory"},
		{"directory", func(dir string) error { return os.Mkdir(filepath.Join(dir, "mappings.yml"), 0o700) },
			"/mappings.yml: cannot read: is a directory"},
		{"dangling projects", func(dir string) error { return os.Symlink("nosuch", filepath.Join(dir, "projects")) },
			"/projects: cannot list: no such file or directory"},
		{"file", func(dir string) error { return os.WriteFile(filepath.Join(dir, "projects"), nil, 0o600) },
			"/projects: cannot list: not a directory"},
		{"other extension", func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "projects"), 0o700), os.WriteFile(filepath.Join(dir, "mappings.yaml"), nil, 0o600))
		}, "/mappings.yaml: note: has no effect: only files whose names end in .yml are read"},
		{"projects", func(dir string) error { return os.Mkdir(filepath.Join(dir, "projects"), 0o700) }, ""},
	} {
		dir := t.TempDir()
		if err := c.prepare(dir); err != nil {
			t.Fatal(err)
		}
		_, lines := ListFindings(Lint(LintOptions{Layers: []Layer{{Name: dir, FS: safefs.DirFS(dir)}}, Check: 1}))
		var want []string
		if c.want != "" {
			want = []string{dir + c.want}
		}
		if !slices.Equal(lines, want) {
			t.Errorf("%s: %q, want %q", c.name, lines, want)
		}
	}
}

// A directory in the place of mappings.yml must not be left out without a word.
func TestMappingsThatAreADirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "mappings.yml"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Load(Options{Layers: []Layer{{Name: "d", FS: safefs.DirFS(dir)}}})
	if err == nil || !strings.HasSuffix(err.Error(), "d/mappings.yml: cannot read: is a directory") {
		t.Error(err)
	}
}
