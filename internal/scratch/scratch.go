// SPDX-License-Identifier: GPL-2.0-or-later

// Package scratch creates temporary directories that are removed even if the
// process is killed.
package scratch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const prefix = safefs.TemporaryPrefix

// New creates a temporary directory in parent, which must exist. done removes
// it. New first removes those of killed processes. A lock, which the kernel
// releases when its process ends, marks a directory as used.
func New(parent string) (dir string, done func(), err error) {
	guard, err := lockDir(parent, 0) // nobody sweeps while ours has no lock yet
	if err != nil {
		return "", nil, err
	}
	defer guard.Close()
	sweep(parent)
	if dir, err = os.MkdirTemp(parent, prefix); err != nil {
		return "", nil, err
	}
	lock, err := lockDir(dir, 0)
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(dir))
	}
	return dir, func() {
		if !IsKept(dir) {
			_ = os.RemoveAll(dir)
		}
		_ = lock.Close()
	}, nil
}

// Sweep removes the directories of killed processes in parent, which need not
// exist.
func Sweep(parent string) {
	if guard, err := lockDir(parent, 0); err == nil {
		sweep(parent)
		_ = guard.Close()
	}
}

func sweep(parent string) {
	entries, _ := os.ReadDir(parent) // the entries read before an error
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		if !strings.HasPrefix(e.Name(), prefix) || IsKept(dir) {
			continue
		}
		if lock, err := lockDir(dir, syscall.LOCK_NB); err == nil {
			_ = os.RemoveAll(dir) // the next sweep tries again
			_ = lock.Close()
		}
	}
}

// lockDir locks a directory until the file is closed.
func lockDir(dir string, how int) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(&os.PathError{Op: "lock", Path: dir, Err: err}, f.Close())
	}
	return f, nil
}

// KeptFile is a file in a directory of New that keeps the directory until the
// file's modification time.
const KeptFile = "kept"

// IsKept reports whether a KeptFile keeps a directory.
func IsKept(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, KeptFile))
	return err == nil && time.Now().Before(info.ModTime())
}

// Kept returns the KeptFiles of directories in parent.
func Kept(parent string) []string {
	files, _ := filepath.Glob(filepath.Join(parent, prefix+"*", KeptFile)) // the pattern is valid
	return files
}
