// SPDX-License-Identifier: GPL-2.0-or-later

package artifacts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// lockDir is the path of the lock files below a project. They are in the project
// and not in a user's directories, so that all users of the project see them.
const lockDir = ".lcitool/locks"

// Lock locks the artifacts of a job until the file is closed: for reading if
// shared is true, else for writing. ok is false if another process holds the
// lock. The file is nil if this user cannot write to the project, because then
// there is nothing to lock.
func (s *Store) Lock(job string, shared bool) (held *os.File, ok bool, err error) {
	f, err := s.openLock(filepath.Base(s.Dir(job)))
	if unwritable(err) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", filepath.Join(s.project, lockDir), diag.Cause(err))
	}
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	switch err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); {
	case err == nil:
		return f, true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, false, f.Close()
	default:
		_ = f.Close()
		return nil, false, fmt.Errorf("%s: %w", filepath.Join(s.project, lockDir), err)
	}
}

// unwritable reports whether an error means that this user cannot write to the
// project.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

func (s *Store) openLock(name string) (*os.File, error) {
	dir, made, err := safefs.OpenOutput(s.project, filepath.Join(s.project, filepath.FromSlash(lockDir)))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	f, created, err := dir.OpenShared(name)
	if err != nil {
		return nil, err
	}
	if created {
		made = append(made, dir.Path(name))
	}
	if err := s.chownMade(made); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
