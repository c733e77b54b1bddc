// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/safefs"
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

// chown gives an open file away. It needs no name, in whose place the owner of the
// project could have put a hard link to a file of root.
func (o *owner) chown(f *os.File) {
	if o != nil {
		_ = f.Chown(o.uid, o.gid)
	}
}

// chownDir gives away a directory that was just created.
func (o *owner) chownDir(root *os.Root, name string) {
	if o == nil {
		return
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || safefs.UID(info) != os.Geteuid() {
		return
	}
	if _, err := f.Readdirnames(1); errors.Is(err, io.EOF) { // ours is empty
		o.chown(f)
	}
}

// create creates a file with these contents, owner and mode; the owner may be nil, and
// the mode 0 for 0644 modified by the umask.
func (o *owner) create(dir *os.Root, name string, data []byte, mode fs.FileMode) error {
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		o.chown(f)
	}
	if err == nil && mode != 0 { // after the change of the owner, which may clear bits
		err = f.Chmod(mode)
	}
	return errors.Join(err, f.Close())
}
