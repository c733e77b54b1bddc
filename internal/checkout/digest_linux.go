// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

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
	entries, err := f.ReadDir(-1)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	fd := int(f.Fd())
	for _, e := range entries {
		var stat unix.Stat_t
		if err := unix.Fstatat(fd, e.Name(), &stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return &os.PathError{Op: "lstat", Path: filepath.Join(dir, e.Name()), Err: err}
		}
		d.text = strconv.AppendQuote(d.text, e.Name())
		d.numbers(int64(stat.Mode), int64(stat.Uid), int64(stat.Gid), int64(stat.Ino), stat.Mtim.Nano()) //nolint:gosec // other values are no less distinct
		if !e.IsDir() {
			d.numbers(stat.Size, stat.Ctim.Nano())
			continue
		}
		if err := d.dir(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
		d.text = append(d.text, "end\n"...)
	}
	return nil
}

// numbers appends numbers and ends the line. It hashes what was collected from
// time to time.
func (d *digester) numbers(list ...int64) {
	for _, n := range list {
		d.text = append(d.text, ' ')
		d.text = strconv.AppendInt(d.text, n, 10)
	}
	if d.text = append(d.text, '\n'); len(d.text) > 32<<10 {
		d.hash.Write(d.text)
		d.text = d.text[:0]
	}
}
