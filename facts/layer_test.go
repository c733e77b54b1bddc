// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// unreadable is a directory with files that only another user can read.
type unreadable struct {
	fs.FS
	files string
}

func (u unreadable) Open(name string) (fs.File, error) {
	if strings.Contains(u.files, name) && strings.HasSuffix(name, ".yml") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EACCES}
	}
	return u.FS.Open(name)
}

func (u unreadable) Stat(name string) (fs.FileInfo, error) { return fs.Stat(u.FS, name) }

// Facts that cannot be read must not be left out without a word.
func TestUnreadableFilesAreErrors(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("packages: [a]\n")}
	dir := fstest.MapFS{"ci/mappings.yml": file, "ci/projects/mine.yml": file}
	layer := func(files string) Layer { return Layer{Name: "dir", FS: unreadable{dir, files}}.Sub("ci") }

	_, err := Load(Options{Layers: []Layer{layer("ci/mappings.yml")}, Warn: func(*Problem) {}})
	if err == nil || !strings.Contains(err.Error(), "dir/ci/mappings.yml: cannot read: permission denied") {
		t.Errorf("mappings: %v", err)
	}
	delete(dir, "ci/mappings.yml")
	set, err := Load(Options{Layers: []Layer{layer("ci/projects/mine.yml")}, Warn: func(*Problem) {}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = set.Project("mine"); err == nil || !strings.Contains(err.Error(), "dir/ci/projects/mine.yml: cannot read: permission denied") {
		t.Errorf("project: %v", err)
	}
	dir["ci/targets"] = file
	if layer("").Has("targets/all.yml") {
		t.Error("a file below a file is there")
	}
}

// TestHasBelowAFile: nothing is below a file.
func TestHasBelowAFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "targets"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := Layer{FS: os.DirFS(dir)}
	if l.Has("targets/a.yml") || l.Has("none") || !l.Has("targets") {
		t.Error("wrong")
	}
}

// TestDanglingLinksAreWarnings: what the original lcitool leaves out without a word is
// reported.
func TestDanglingLinksAreWarnings(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"projects", "mappings"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"mappings.yml", "config.yml", "projects/libvirt.yml", "mappings/more.yml", "mappings/README"} {
		if err := os.Symlink("nosuch", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var warnings []string
	_, err := Load(Options{
		Layers: []Layer{{Name: "d", FS: safefs.DirFS(dir)}, BuiltIn()},
		Warn:   func(f *Problem) { warnings = append(warnings, f.Error()) },
	})
	want := []string{
		"d/mappings.yml: cannot read: no such file or directory", "d/mappings/more.yml: cannot read: no such file or directory",
		"d/projects/libvirt.yml: cannot read: no such file or directory",
	}
	if err != nil || !slices.Equal(warnings, want) {
		t.Errorf("%v, %q, want %q", err, warnings, want)
	}
}
