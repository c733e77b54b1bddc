// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// treeDigest returns a digest of the metadata of all files in a tree: name,
// type, mode, owner, size, times and inode number. It does not read file
// contents.
func treeDigest(dir string) (string, error) {
	d := digester{hash: sha256.New()}
	if err := d.dir(dir); err != nil {
		return "", err
	}
	d.hash.Write(d.text)
	return hex.EncodeToString(d.hash.Sum(nil)), nil
}

type digester struct {
	hash hash.Hash
	text []byte // not hashed yet
}

func (d *digester) dir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return err
	}
	slices.Sort(names)
	fd := int(f.Fd())
	for _, name := range names {
		var stat unix.Stat_t
		if err := unix.Fstatat(fd, name, &stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return &os.PathError{Op: "lstat", Path: filepath.Join(dir, name), Err: err}
		}
		d.text = append(append(d.text, name...), 0)
		d.numbers(int64(stat.Mode), int64(stat.Uid), int64(stat.Gid), int64(stat.Ino), stat.Mtim.Nano()) //nolint:gosec // other values are no less distinct
		if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
			d.numbers(stat.Size, stat.Ctim.Nano())
			continue
		}
		if err := d.dir(filepath.Join(dir, name)); err != nil {
			return err
		}
		d.text = append(d.text, "/\x00"...) // no file has this name
	}
	return nil
}

// numbers appends numbers, each in eight bytes. It hashes what was collected from
// time to time.
func (d *digester) numbers(list ...int64) {
	for _, n := range list {
		d.text = binary.LittleEndian.AppendUint64(d.text, uint64(n)) //nolint:gosec // the same bits
	}
	if len(d.text) > 32<<10 {
		d.hash.Write(d.text)
		d.text = d.text[:0]
	}
}
