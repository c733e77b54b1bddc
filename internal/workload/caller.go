// SPDX-License-Identifier: GPL-2.0-or-later

package workload

import (
	"fmt"
	"os"
	"os/user"
	"path"
	"slices"
	"strconv"
	"strings"
)

// CheckMountPoint returns an error for paths where a mount would hide files that
// commands need. "" is valid and means MountPoint.
func CheckMountPoint(dir string) error {
	if dir == "" {
		return nil
	}
	if !path.IsAbs(dir) || path.Clean(dir) != dir || strings.Contains(dir, ":") {
		return fmt.Errorf("'%s' is not an absolute path in its shortest form", dir)
	}
	top, below, _ := strings.Cut(dir[1:], "/")
	kernel := slices.Contains([]string{"dev", "proc", "sys"}, top)
	system := slices.Contains([]string{"", "bin", "etc", "lib", "lib64", "run", "sbin", "usr"}, top) && below == ""
	if kernel || system {
		return fmt.Errorf("a directory at %s would hide the container's own", dir)
	}
	return nil
}

// Caller returns the current user as UID, or as UID:GID if the host does not
// know the UID. Files created in a container then have the same owner outside.
func Caller() string {
	uid := strconv.Itoa(os.Getuid())
	if _, err := user.LookupId(uid); err != nil {
		return fmt.Sprintf("%s:%d", uid, os.Getgid())
	}
	return uid
}
