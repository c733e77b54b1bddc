// SPDX-License-Identifier: GPL-2.0-or-later

// Package scratch makes directories for files on their way, which disappear
// however the process ends.
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

// New makes a directory in parent, which must exist, for files on their
// way. done removes it with what is left in it. Those that a killed process
// left in parent are removed first: a lock, which ends with the process, says
// which are in use.
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

// Sweep removes what killed processes left of New in parent, which need
// not exist.
func Sweep(parent string) {
	if guard, err := lockDir(parent, 0); err == nil {
		sweep(parent)
		_ = guard.Close()
	}
}

func sweep(parent string) {
	entries, _ := os.ReadDir(parent) // those that could be read
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		if !strings.HasPrefix(e.Name(), prefix) || IsKept(dir) {
			continue
		}
		if lock, err := lockDir(dir, syscall.LOCK_NB); err == nil {
			_ = os.RemoveAll(dir) // what stays is tried again by the next one
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

// KeptFile is a file in a directory of New that lets the directory stay until
// the file's time.
const KeptFile = "kept"

// IsKept reports whether a KeptFile lets a directory stay.
func IsKept(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, KeptFile))
	return err == nil && time.Now().Before(info.ModTime())
}

// Kept lists the KeptFiles of directories in parent.
func Kept(parent string) []string {
	files, _ := filepath.Glob(filepath.Join(parent, prefix+"*", KeptFile)) // the pattern is valid
	return files
}
