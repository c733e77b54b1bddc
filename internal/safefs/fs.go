// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// FS returns the directory as a file system to read from. Files that are not
// regular cannot be opened. It implements fs.ReadDirFS, fs.StatFS and
// fs.ReadLinkFS.
func (d *Dir) FS() fs.FS { return dirFS{d} }

type dirFS struct{ dir *Dir }

func (f dirFS) Open(name string) (fs.File, error) {
	if err := valid("open", name); err != nil {
		return nil, err
	}
	file, err := f.dir.root.OpenFile(filepath.FromSlash(name), readFlags, 0)
	if err != nil {
		return regular(file, name, err)
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return file, nil
	}
	file, err = regular(file, name, nil)
	if err != nil {
		return nil, err // a nil *os.File is no nil fs.File
	}
	return file, nil
}

func (f dirFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := valid("readdir", name); err != nil {
		return nil, err
	}
	file, err := f.dir.root.OpenFile(filepath.FromSlash(name), readFlags|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	entries, err := file.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

func (f dirFS) Stat(name string) (fs.FileInfo, error) {
	if err := valid("stat", name); err != nil {
		return nil, err
	}
	return f.dir.Stat(name)
}

func (f dirFS) Lstat(name string) (fs.FileInfo, error) {
	if err := valid("lstat", name); err != nil {
		return nil, err
	}
	return f.dir.Lstat(name)
}

func (f dirFS) ReadLink(name string) (string, error) {
	if err := valid("readlink", name); err != nil {
		return "", err
	}
	return f.dir.root.Readlink(filepath.FromSlash(name))
}

func valid(op, name string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}
