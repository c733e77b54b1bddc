// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// A Dir is a directory that no name leads out of. Names are slash-separated
// paths below it, "." for the directory itself.
type Dir struct {
	root *os.Root
}

// OpenDir opens a directory by a path of the user, whose links are followed.
func OpenDir(dir string) (*Dir, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// In is the directory that a root is open for. Closing either closes both.
func In(root *os.Root) *Dir { return &Dir{root} }

// Close closes the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Name is the path by which the directory was opened.
func (d *Dir) Name() string { return d.root.Name() }

// Path is the name of a file for messages, and for programs that trust it.
func (d *Dir) Path(name string) string { return filepath.Join(d.root.Name(), filepath.FromSlash(name)) }

// Open opens a regular file. Links inside the directory are followed.
func (d *Dir) Open(name string) (*os.File, error) {
	f, err := d.root.OpenFile(filepath.FromSlash(name), readFlags, 0)
	return regular(f, name, err)
}

// ReadFile returns a regular file of at most limit bytes. Links inside the
// directory are followed.
func (d *Dir) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, name, limit)
}

// ReadFileIn returns a file of a tree, by its slash-separated path below it.
// Links are followed unless they lead out of the tree. The error is
// fs.ErrNotExist for a file that is missing, and names it otherwise.
func ReadFileIn(tree, name string, limit int64) ([]byte, error) {
	dir, err := OpenDir(tree)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	data, err := dir.ReadFile(path.Clean(name), limit)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: filepath.Join(tree, filepath.FromSlash(name)), Err: diag.Cause(err)}
	}
	return data, nil
}

// Stat follows links inside the directory.
func (d *Dir) Stat(name string) (fs.FileInfo, error) { return d.root.Stat(filepath.FromSlash(name)) }

// Lstat follows no link at the end of a name.
func (d *Dir) Lstat(name string) (fs.FileInfo, error) { return d.root.Lstat(filepath.FromSlash(name)) }

// Sub opens a directory below, through no link. A missing one is an error.
func (d *Dir) Sub(name string) (*Dir, error) {
	if err := d.realDirs(name); err != nil {
		return nil, err
	}
	root, err := d.root.OpenRoot(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// MakeSub is Sub that makes missing directories.
func (d *Dir) MakeSub(name string, perm fs.FileMode) (*Dir, error) {
	if err := d.MkdirAll(name, perm); err != nil {
		return nil, err
	}
	return d.Sub(name)
}

// MkdirAll makes a directory with those above it, through no link.
func (d *Dir) MkdirAll(name string, perm fs.FileMode) error {
	if err := d.realDirs(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.root.MkdirAll(filepath.FromSlash(name), perm)
}

// realDirs fails unless a name and all above it are directories, no links.
func (d *Dir) realDirs(name string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '/' {
			continue
		}
		info, err := d.root.Lstat(filepath.FromSlash(name[:i]))
		switch {
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			return pathError(name[:i], ErrLink)
		case !info.IsDir():
			return pathError(name[:i], syscall.ENOTDIR)
		}
	}
	return nil
}

// WriteFile replaces a file atomically: others see the old one or the new
// one. The directories above it must be there and no links; a link in place
// of the file is an error, as it may lead to a file of somebody else.
func (d *Dir) WriteFile(name string, data []byte, perm fs.FileMode) error {
	if err := d.realDirs(path.Dir(name)); err != nil {
		return err
	}
	switch info, err := d.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return pathError(name, ErrLink)
	case !info.Mode().IsRegular():
		return pathError(name, kindError(info.Mode()))
	}
	temporary := filepath.FromSlash(temporaryName(name))
	f, err := d.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = d.root.Rename(temporary, filepath.FromSlash(name))
	}
	if err != nil {
		_ = d.root.Remove(temporary)
	}
	return err
}

// CreateFile writes a file that is not there yet; one that is, or a link, is
// fs.ErrExist.
func (d *Dir) CreateFile(name string, data []byte, perm fs.FileMode) error {
	f, err := d.Create(name, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = d.root.Remove(filepath.FromSlash(name))
	}
	return err
}

// Create opens a new file to write, like CreateFile.
func (d *Dir) Create(name string, perm fs.FileMode) (*os.File, error) {
	if err := d.realDirs(path.Dir(name)); err != nil {
		return nil, err
	}
	return d.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
}

// CreateUnnamed opens a file for reading and writing that has no name, so that
// it goes with the process however that ends.
func (d *Dir) CreateUnnamed() (*os.File, error) {
	name := temporaryName("file")
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := d.root.Remove(name); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// Symlink makes a link. What it leads to is for CheckLink to judge.
func (d *Dir) Symlink(target, name string) error {
	if err := d.realDirs(path.Dir(name)); err != nil {
		return err
	}
	return d.root.Symlink(target, filepath.FromSlash(name))
}

// RemoveAll removes what has a name, through no link: a link at its end is
// removed itself. What is not there is no error.
func (d *Dir) RemoveAll(name string) error {
	err := d.realDirs(path.Dir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.root.RemoveAll(filepath.FromSlash(name))
}

// ReplaceDir moves a directory to another name, where it takes the place of
// what is there. At no time a mixture of both is seen; after a failure the old
// one is back.
func (d *Dir) ReplaceDir(from, to string) error {
	if err := errors.Join(d.realDirs(from), d.realDirs(path.Dir(to))); err != nil {
		return err
	}
	source, target := filepath.FromSlash(from), filepath.FromSlash(to)
	old := filepath.FromSlash(temporaryName(to))
	err := d.root.Rename(target, old)
	moved := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.root.Rename(source, target); err != nil {
		if moved {
			err = errors.Join(err, d.root.Rename(old, target))
		}
		return err
	}
	if moved {
		return d.root.RemoveAll(old)
	}
	return nil
}

// TemporaryPrefix begins the names of what is on its way to its final name.
const TemporaryPrefix = ".new-"

// temporaryName is a name beside another that nothing else has.
func temporaryName(name string) string {
	return path.Join(path.Dir(name), fmt.Sprintf("%s%016x", TemporaryPrefix, rand.Uint64()))
}

// Outside reports whether an error says that a name leads out of a directory,
// by a link or by "..".
func Outside(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, ErrLink) || errors.Is(err, fs.ErrInvalid) {
		return true
	}
	pathErr, ok := errors.AsType[*fs.PathError](err)
	return ok && strings.Contains(pathErr.Err.Error(), "escapes from parent") // package os does not export this error
}
