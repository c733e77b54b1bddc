// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// MakePrivateDir creates a directory of mode 0700. An existing one must belong
// to the user and must not be a symbolic link, because in a directory such as
// /tmp other users can create it.
func MakePrivateDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to somebody else", dir)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return f.Chmod(0o700)
}

// IsOthers reports whether another user owns a file or directory, which need not exist.
func IsOthers(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && UID(info) != os.Geteuid()
}

// UID returns the owner of a file, or -1 if it is not known.
func UID(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}
