// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package records

import (
	"errors"
	"io/fs"
	"syscall"
)

// exists returns fs.ErrNotExist if there is no process pid.
func exists(pid int) error {
	err := syscall.Kill(pid, 0)
	switch {
	case errors.Is(err, syscall.ESRCH):
		return fs.ErrNotExist
	case errors.Is(err, syscall.EPERM): // a process of another user
		return nil
	}
	return err
}
