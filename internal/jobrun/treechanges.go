// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// A fingerprint identifies the content of a file. The zero value means that the
// file does not exist.
type fingerprint struct {
	kind byte   // 'f', 'l' for a link, 'd', '?' for others
	exec bool   // of a file
	sum  string // digest of a file, target of a link
}

// fileOf returns the fingerprint of a host file. An empty name means that the
// file does not exist.
func fileOf(name string) (fingerprint, error) {
	if name == "" {
		return fingerprint{}, nil
	}
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR): // a file may have replaced one of its directories
		return fingerprint{}, nil
	case err != nil:
		return fingerprint{}, err
	case info.IsDir():
		return fingerprint{kind: 'd'}, nil
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(name)
		return fingerprint{kind: 'l', sum: to}, err
	case !info.Mode().IsRegular():
		return fingerprint{kind: '?'}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return fingerprint{}, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fingerprint{kind: 'f', exec: info.Mode()&0o100 != 0, sum: string(h.Sum(nil))}, err
}

// treeChanges returns the files that differ between two trees, sorted. It
// ignores .git and directories themselves.
func treeChanges(before, now view) ([]string, error) {
	seen := map[string]bool{}
	for _, root := range slices.Concat(before, now) {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			rel, _ := filepath.Rel(root, name) // name lies below root
			switch {
			case err != nil:
				return err
			case d.Name() == ".git" && d.IsDir():
				return filepath.SkipDir
			case !d.IsDir() && d.Name() != ".git" && d.Type()&fs.ModeCharDevice == 0:
				seen[filepath.ToSlash(rel)] = true
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("cannot compare the trees: %w", err)
		}
	}
	var changed []string
	for name := range seen {
		from, to := before.file(name), now.file(name)
		if from == to {
			continue
		}
		a, err := fileOf(from)
		b, also := fileOf(to)
		if err = errors.Join(err, also); err != nil {
			return nil, fmt.Errorf("cannot compare the trees: %w", err)
		}
		if a != b && a.kind != '?' && b.kind != '?' {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed, nil
}
