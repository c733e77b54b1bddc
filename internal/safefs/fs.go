// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"io/fs"
	"os"
	"path/filepath"
)

// FS returns the directory as a read-only file system. Only regular files and
// directories can be opened. It implements fs.ReadDirFS, fs.StatFS and
// fs.ReadLinkFS.
func (d *Dir) FS() fs.FS { return dirFS{d} }

type dirFS struct{ dir *Dir }

func (f dirFS) Open(name string) (fs.File, error) {
	if err := valid("open", name); err != nil {
		return nil, err
	}
	file, err := f.dir.root.OpenFile(filepath.FromSlash(name), readFlags, 0)
	return regularOrDir(file, name, err)
}

func (f dirFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := valid("readdir", name); err != nil {
		return nil, err
	}
	return f.dir.readDir(name)
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

// DirFS is os.DirFS restricted to regular files and directories, so that opening
// a file does not block. It follows all symbolic links.
func DirFS(dir string) fs.FS { return userFS(dir) }

type userFS string

func (f userFS) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

func (f userFS) Open(name string) (fs.File, error) {
	if err := valid("open", name); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(f.path(name), readFlags, 0)
	return regularOrDir(file, name, err)
}

func (f userFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := valid("readdir", name); err != nil {
		return nil, err
	}
	return os.ReadDir(f.path(name) + "/.") // with "/.", a FIFO fails instead of blocking
}

func (f userFS) Stat(name string) (fs.FileInfo, error) {
	if err := valid("stat", name); err != nil {
		return nil, err
	}
	return os.Stat(f.path(name))
}

// Glob returns the paths of the files in dir that match a slash-separated pattern,
// sorted, as far as they can be read. Unlike with filepath.Glob, all characters of dir
// stand for themselves.
func Glob(dir, pattern string) []string {
	names, _ := fs.Glob(DirFS(dir), pattern) // callers have valid patterns
	for i, name := range names {
		names[i] = filepath.Join(dir, filepath.FromSlash(name))
	}
	return names
}

// regularOrDir closes a file that is neither a regular file nor a directory.
func regularOrDir(file *os.File, name string, err error) (fs.File, error) {
	if err == nil {
		if info, statErr := file.Stat(); statErr == nil && info.IsDir() {
			return file, nil
		}
	}
	if file, err = regular(file, name, err); err != nil {
		return nil, err // a nil *os.File would be a non-nil fs.File
	}
	return file, nil
}
