// SPDX-License-Identifier: GPL-2.0-or-later

// Package buildcontext collects the files that a Dockerfile copies.
//
// The files are an untrusted project's. Only those that the Dockerfile names
// are read, no link is followed, and their number and size are limited.
package buildcontext

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// Bounds on a context.
const (
	maxFiles = 50_000
	maxBytes = 512 << 20
)

// A Context is the files that a build gets.
type Context struct {
	Digest string // of their names, modes and contents, in hex

	tree  string
	dir   string   // below the tree
	files []string // below dir, sorted
}

// ignoreFiles are files that list what a builder leaves out.
func ignoreFiles() []string { return []string{".containerignore", ".dockerignore"} }

// Read finds the files of a directory of a project that sources name: paths and
// patterns below it. tracked lists the files of the project that count; nil
// counts all.
func Read(tree, dir string, sources, tracked []string) (*Context, error) {
	c := &Context{tree: tree, dir: dir}
	if err := c.find(sources, tracked); err != nil {
		return nil, fmt.Errorf("cannot read the build context %q: %w", dir, err)
	}
	h := sha256.New()
	if err := c.each(func(name string, info fs.FileInfo, target string, file *os.File) error {
		return digest(h, name, info, target, file)
	}); err != nil {
		return nil, fmt.Errorf("cannot read the build context %q: %w", dir, err)
	}
	c.Digest = fmt.Sprintf("%x", h.Sum(nil))
	return c, nil
}

func (c *Context) find(sources, tracked []string) error {
	patterns := make([]string, len(sources))
	for i, s := range sources {
		patterns[i] = strings.TrimPrefix(path.Clean("/"+s), "/") // no pattern leads out of the context
		if _, err := path.Match(patterns[i], ""); err != nil {
			return fmt.Errorf("pattern %q: %w", s, err)
		}
	}
	add := func(name string) error {
		if !wanted(name, patterns) {
			return nil
		}
		if c.files = append(c.files, name); len(c.files) > maxFiles {
			return fmt.Errorf("it has more than %d files", maxFiles)
		}
		return nil
	}
	if tracked == nil {
		return c.walk(add)
	}
	for _, name := range tracked {
		if c.dir != "." {
			var below bool
			if name, below = strings.CutPrefix(name, c.dir+"/"); !below {
				continue
			}
		}
		if err := add(name); err != nil {
			return err
		}
	}
	slices.Sort(c.files)
	return nil
}

// walk finds all files, but git's and ours.
func (c *Context) walk(add func(string) error) error {
	root, err := safefs.OpenDir(filepath.Join(c.tree, filepath.FromSlash(c.dir)))
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == ".lcitool"):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		return add(name)
	})
}

// wanted reports whether a file is one that a pattern names, or lies in a
// directory that one names.
func wanted(name string, patterns []string) bool {
	if slices.Contains(ignoreFiles(), name) {
		return true
	}
	for _, p := range patterns {
		if p == "" {
			return true
		}
		for at := name; at != "."; at = path.Dir(at) {
			if met, _ := path.Match(p, at); met || p == at {
				return true
			}
		}
	}
	return false
}

// each opens the files one after the other. For a link, file is nil and target
// what it names.
func (c *Context) each(f func(name string, info fs.FileInfo, target string, file *os.File) error) error {
	root, err := safefs.OpenDir(c.tree)
	if err != nil {
		return err
	}
	defer root.Close()
	dir, err := root.Sub(c.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	left := int64(maxBytes)
	for _, name := range c.files {
		info, err := dir.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // deleted, or outside the sparse checkout
		case err != nil:
			return err
		}
		if left -= info.Size(); left < 0 {
			return fmt.Errorf("it has more than %d MiB", int64(maxBytes)>>20)
		}
		if err := c.open(dir, name, info, f); err != nil {
			return err
		}
	}
	return nil
}

func (c *Context) open(dir *safefs.Dir, name string, info fs.FileInfo, f func(string, fs.FileInfo, string, *os.File) error) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := fs.ReadLink(dir.FS(), name)
		if err != nil {
			return err
		}
		if err := safefs.CheckLink(name, target); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return f(name, info, target, nil)
	case info.IsDir():
		return nil // a submodule that is not checked out
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", name)
	}
	file, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return f(name, info, "", file)
}

// mode returns the part of a file's mode that git stores.
func mode(info fs.FileInfo) fs.FileMode {
	if info.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}

func digest(h hash.Hash, name string, info fs.FileInfo, target string, file *os.File) error {
	if file == nil {
		fmt.Fprintf(h, "%q -> %q\n", name, target)
		return nil
	}
	content := sha256.New()
	if _, err := io.Copy(content, io.LimitReader(file, maxBytes)); err != nil {
		return err
	}
	fmt.Fprintf(h, "%q %o %x\n", name, mode(info), content.Sum(nil))
	return nil
}

// Write puts the files into a directory, which must exist.
func (c *Context) Write(to string) error {
	into, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer into.Close()
	err = c.each(func(name string, info fs.FileInfo, target string, file *os.File) error {
		name = filepath.FromSlash(name)
		if err := into.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if file == nil {
			return into.Symlink(target, name)
		}
		return write(into, name, mode(info), info.ModTime(), file)
	})
	if err != nil {
		return fmt.Errorf("cannot make the build context %q: %w", c.dir, err)
	}
	return nil
}

func write(into *os.Root, name string, mode fs.FileMode, changed time.Time, from io.Reader) error {
	file, err := into.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, io.LimitReader(from, maxBytes))
	return errors.Join(err, file.Chmod(mode), file.Close(), into.Chtimes(name, changed, changed))
}
