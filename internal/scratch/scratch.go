// SPDX-License-Identifier: GPL-2.0-or-later

// Package scratch creates temporary directories that are removed even if the
// process is killed.
package scratch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const prefix = safefs.TemporaryPrefix

// New creates a temporary directory in parent, which must exist. done removes
// it. New first removes those of killed processes. A lock, which the kernel
// releases when its process ends, marks a directory as used. On a network file system
// other machines do not see the lock, so the name has the machine's.
func New(parent string) (dir string, done func(), err error) {
	guard, err := lockDir(parent, 0) // nobody sweeps while ours has no lock yet
	if err != nil {
		return "", nil, err
	}
	defer guard.Close()
	sweep(parent)
	if dir, err = os.MkdirTemp(parent, prefix+Machine()+"-"); err != nil {
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
		if !strings.HasPrefix(e.Name(), prefix) || IsKept(dir) || isElsewhere(dir) {
			continue
		}
		if lock, err := lockDir(dir, syscall.LOCK_NB); err == nil {
			_ = os.RemoveAll(dir) // the next sweep tries again
			_ = lock.Close()
		}
	}
}

// maxElsewhere is the age at which directories of other machines are removed.
const maxElsewhere = 7 * 24 * time.Hour

// Machine returns hex digits that are the same in all processes of this machine.
func Machine() string {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil || len(bytes.TrimSpace(id)) == 0 {
		name, _ := os.Hostname()
		id = []byte(name)
	}
	sum := sha256.Sum256(bytes.TrimSpace(id))
	return hex.EncodeToString(sum[:4])
}

// isElsewhere reports whether a process of another machine may use a directory.
func isElsewhere(dir string) bool {
	name, _, named := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
	info, err := os.Lstat(dir)
	return named && name != Machine() && err == nil && time.Since(info.ModTime()) < maxElsewhere
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

// Kept returns the KeptFiles of directories in parent, except for those of other
// machines.
func Kept(parent string) []string {
	files := safefs.Glob(parent, prefix+"*/"+KeptFile)
	return slices.DeleteFunc(files, func(file string) bool { return isElsewhere(filepath.Dir(file)) })
}
