// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"io/fs"
	"os"
	"syscall"
)

// An owner gets what root writes in the project of another user, if the file system
// permits that. The methods of nil change nothing.
type owner struct{ uid, gid int }

// otherOwner returns the owner of a file, or nil if this is root or files cannot be
// given away.
func otherOwner(info fs.FileInfo) *owner {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || stat.Uid == 0 {
		return nil
	}
	return &owner{int(stat.Uid), int(stat.Gid)}
}

func (o *owner) chown(dir *os.Root, name string) {
	if o != nil {
		_ = dir.Lchown(name, o.uid, o.gid)
	}
}
