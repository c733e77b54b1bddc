// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
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
