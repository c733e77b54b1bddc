// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// A Dir is a directory. No name leads out of it: names are slash-separated paths
// below it, and "." is the directory itself.
type Dir struct {
	root *os.Root
}

// OpenDir opens a directory given by the user. Symbolic links in its path are
// followed.
func OpenDir(dir string) (*Dir, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// In returns the directory that root is open for. Closing either closes both.
func In(root *os.Root) *Dir { return &Dir{root} }

func (d *Dir) Close() error { return d.root.Close() }

// Root returns the directory for functions that take one. Closing either closes
// both.
func (d *Dir) Root() *os.Root { return d.root }

// Name returns the path by which the directory was opened.
func (d *Dir) Name() string { return d.root.Name() }

// Path returns the path of a file for messages. A program that uses it must
// trust the directory.
func (d *Dir) Path(name string) string { return filepath.Join(d.root.Name(), filepath.FromSlash(name)) }

// Open opens a regular file. It follows symbolic links inside the directory.
func (d *Dir) Open(name string) (*os.File, error) {
	f, err := d.root.OpenFile(filepath.FromSlash(name), readFlags, 0)
	return regular(f, name, err)
}

// ReadFile returns the content of a regular file of at most limit bytes. It
// follows symbolic links inside the directory.
func (d *Dir) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, name, limit)
}

// Holds reports whether the content of a regular file is data. It reads parts of the
// length of buffer, which must not be 0, and is false if the file cannot be read.
func (d *Dir) Holds(name string, data, buffer []byte) bool {
	f, err := d.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	for {
		n, err := f.Read(buffer)
		if n > len(data) || !bytes.Equal(buffer[:n], data[:n]) {
			return false
		}
		data = data[n:]
		if err != nil {
			return errors.Is(err, io.EOF) && len(data) == 0
		}
	}
}

// ReadFileIn returns the content of a file below tree. name is slash-separated.
// It follows symbolic links inside the tree. The error is fs.ErrNotExist for a
// missing file, and contains name otherwise.
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

// Stat follows symbolic links inside the directory.
func (d *Dir) Stat(name string) (fs.FileInfo, error) { return d.root.Stat(filepath.FromSlash(name)) }

// Lstat does not follow a symbolic link in the last element of a name.
func (d *Dir) Lstat(name string) (fs.FileInfo, error) { return d.root.Lstat(filepath.FromSlash(name)) }

// Sub opens an existing directory below. It follows no symbolic links.
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

// MakeSub is Sub, but creates missing directories.
func (d *Dir) MakeSub(name string, perm fs.FileMode) (*Dir, error) {
	if err := d.MkdirAll(name, perm); err != nil {
		return nil, err
	}
	return d.Sub(name)
}

// MkdirAll creates a directory and its parents. It follows no symbolic links.
func (d *Dir) MkdirAll(name string, perm fs.FileMode) error {
	if err := d.realDirs(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.root.MkdirAll(filepath.FromSlash(name), perm)
}

// realDirs fails unless all elements of a name are directories and no symbolic
// links.
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

// Walk calls do for each file and directory below, a directory before what is in
// it. If a directory cannot be read, it calls do with the error and no entry. It
// never leaves the directory, whatever others put in the place of a directory
// meanwhile.
func (d *Dir) Walk(do func(name string, e fs.DirEntry, err error) error) error {
	return d.walk(".", do)
}

func (d *Dir) walk(dir string, do func(name string, e fs.DirEntry, err error) error) error {
	entries, err := d.readDir(dir)
	if err != nil {
		return do(dir, nil, err)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		err := do(name, e, nil)
		if err == nil && e.IsDir() {
			err = d.walk(name, do)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readDir is like fs.ReadDir, also for names that are not UTF-8.
func (d *Dir) readDir(name string) ([]fs.DirEntry, error) {
	if len(name) > maxName { // others have put a link to a directory above in the place of one
		return nil, pathError(name, syscall.ENAMETOOLONG)
	}
	f, err := d.root.OpenFile(filepath.FromSlash(name), readFlags|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// WriteFile replaces a file atomically. Its directory must exist, and its path
// must not contain symbolic links. If the file itself is a symbolic link, it
// fails, because the link may lead to a file of another owner.
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

// CreateFile writes a new file. The error is fs.ErrExist if the name exists,
// also as a symbolic link.
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

// Create opens a new file for writing, like CreateFile.
func (d *Dir) Create(name string, perm fs.FileMode) (*os.File, error) {
	if err := d.realDirs(path.Dir(name)); err != nil {
		return nil, err
	}
	return d.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
}

// OpenShared opens a regular file that all users can read, for locks, and
// creates it if it is missing. It follows no symbolic links.
func (d *Dir) OpenShared(name string) (f *os.File, created bool, err error) {
	const perm = 0o644
	if f, err = d.Create(name, perm); err == nil {
		if err = f.Chmod(perm); err != nil { // the umask may have closed it to others
			_ = f.Close()
			return nil, true, err
		}
		return f, true, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, false, err
	}
	if info, err := d.Lstat(name); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return nil, false, pathError(name, ErrLink)
	}
	f, err = d.Open(name)
	return f, false, err
}

// CreateUnnamed opens a new file without a name for reading and writing. It
// disappears when the process ends.
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

// Symlink creates a symbolic link. It does not check target, see CheckLink.
func (d *Dir) Symlink(target, name string) error {
	if err := d.realDirs(path.Dir(name)); err != nil {
		return err
	}
	return d.root.Symlink(target, filepath.FromSlash(name))
}

// RemoveAll removes a file or directory tree. It follows no symbolic links: a
// link as the last element is removed itself. A missing name is no error.
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

// ReplaceDir renames a directory and replaces an existing one. A reader never
// sees a mixture of both. On failure, the old directory is restored.
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

// TemporaryPrefix is the prefix of files and directories that have not been
// renamed to their final name yet.
const TemporaryPrefix = ".new-"

// temporaryName returns an unused name in the directory of name.
func temporaryName(name string) string {
	return path.Join(path.Dir(name), fmt.Sprintf("%s%016x", TemporaryPrefix, rand.Uint64()))
}

// Outside reports whether an error says that a name leads out of a directory,
// through a symbolic link or "..".
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
