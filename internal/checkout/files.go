// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// files are the files of the project in a working tree.
type files struct {
	git         git // with the working tree
	top, prefix string
}

// list returns the files that git does not track, as paths below the project.
func (f files) list(ctx context.Context) ([]string, error) {
	args := []string{"ls-files", "-z", "--others"}
	if f.prefix != "" {
		args = append(args, "--", ":(literal)"+f.prefix)
	}
	names, err := f.git.list(ctx, args...)
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], f.prefix+"/")
	}
	return names, err
}

// copyUntracked copies the files that git does not track, including ignored
// ones, into a tree. It skips devices, FIFOs, sockets and nested repositories.
func (f files) copyUntracked(ctx context.Context, to string) error {
	if f.top == "" {
		return nil
	}
	names, err := f.list(ctx)
	if err != nil {
		return fmt.Errorf("cannot list the untracked files: %w", err)
	}
	from, err := os.OpenRoot(filepath.Join(f.top, filepath.FromSlash(f.prefix)))
	if err != nil {
		return err
	}
	defer from.Close()
	into, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer into.Close()
	for _, name := range names {
		if strings.HasPrefix(name, ownDir+"/") || strings.HasSuffix(name, "/") {
			continue
		}
		if err := into.MkdirAll(path.Dir(name), 0o777); err != nil {
			return err
		}
		if err := copyEntry(from, into, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// ownDir is where lcitool keeps the artifacts of a project's jobs.
const ownDir = ".lcitool"

// copyEntry copies a regular file or a symbolic link.
func copyEntry(from, into *os.Root, name string) error {
	info, err := from.Lstat(name)
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := from.Readlink(name)
		if err != nil {
			return err
		}
		return into.Symlink(target, name)
	case !info.Mode().IsRegular():
		return nil
	}
	source, err := from.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer source.Close()
	mode := fs.FileMode(0o666)
	if info.Mode()&0o100 != 0 {
		mode = 0o777
	}
	target, err := into.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Chmod(mode), target.Close())
}

// copyTree copies the files below from. skip is called with paths relative to
// from; files for which it returns true are skipped.
func copyTree(from, to string, skip func(name string) bool) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case skip(rel) && d.IsDir():
			return fs.SkipDir
		case skip(rel):
			return nil
		case d.IsDir():
			return os.MkdirAll(target, 0o777)
		}
		in, err := os.Open(name)
		if err != nil {
			return err
		}
		defer in.Close()
		return writeFrom(in, target)
	})
}

// openModes makes a tree writable for every user, as GitLab Runner's umask of
// 0000 does: the user of the job's image is not known.
func openModes(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o666)
		if d.IsDir() || info.Mode()&0o100 != 0 {
			mode = 0o777
		}
		if info.Mode().Perm() == mode {
			return nil
		}
		return os.Chmod(name, mode)
	})
}

// Tracked returns the set of files in the snapshot's commit.
func (s *Snapshot) Tracked(ctx context.Context) (map[string]bool, error) {
	names, err := s.store.list(ctx, "ls-tree", "-r", "-z", "--name-only", s.Commit)
	if err != nil {
		return nil, fmt.Errorf("cannot list the files of commit %s: %w", s.Commit, err)
	}
	tracked := make(map[string]bool, len(names))
	for _, name := range names {
		tracked[name] = true
	}
	return tracked, nil
}
