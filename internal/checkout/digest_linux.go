// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"syscall"
)

// treeDigest returns a digest of the metadata of all files in a tree: name,
// type, mode, owner, size, times and inode number. It does not read file
// contents.
func treeDigest(dir string) (string, error) {
	h := sha256.New()
	if err := digestDir(h, dir); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func digestDir(h hash.Hash, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		var stat syscall.Stat_t
		if err := syscall.Lstat(name, &stat); err != nil {
			return &os.PathError{Op: "lstat", Path: name, Err: err}
		}
		fmt.Fprintf(h, "%q %o %d %d %d", e.Name(), stat.Mode, stat.Uid, stat.Gid, stat.Ino)
		if e.IsDir() {
			fmt.Fprintln(h, " dir", stat.Mtim.Nano())
			if err := digestDir(h, name); err != nil {
				return err
			}
			fmt.Fprintln(h, "end")
			continue
		}
		fmt.Fprintln(h, stat.Size, stat.Mtim.Nano(), stat.Ctim.Nano())
	}
	return nil
}
