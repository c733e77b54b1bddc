// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// Indexes keeps copies of developers' indexes in which git has compared the files
// that were as new as the index. Without a copy, each run would read them again
// until the developer's own git writes the index. Only lcitool may write to the
// directory.
type Indexes struct {
	Dir string // private, in which nothing else is; "" keeps none
}

// IndexesIn returns the indexes below parent, which need not exist.
func IndexesIn(parent string) Indexes { return Indexes{Dir: filepath.Join(parent, "indexes")} }

// Clear removes all copies.
func (x Indexes) Clear() { x.sweep(0) }

// Sweep removes copies that were not made recently.
func (x Indexes) Sweep() { x.sweep(maxUnused) }

func (x Indexes) sweep(age time.Duration) {
	entries, _ := os.ReadDir(x.Dir) // those that could be read
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) >= age {
			_ = os.Remove(filepath.Join(x.Dir, e.Name()))
		}
	}
}

// coarse is more than the clock of file systems can be behind that of time.Now,
// and than a second, to which git compares times.
const coarse = 2 * time.Second

// A refresh is one use of the copy of a developer's index in a repository of this
// package.
type refresh struct {
	indexes Indexes
	file    string // the index, which "git status" may write
	name    string // of the copy to keep; empty if none can be kept
	began   time.Time
	before  os.FileInfo
}

// refresh replaces the copied index of p in a repository with the kept one, if
// there is one for exactly this index.
func (x Indexes) refresh(p *project, dir string) (*refresh, error) {
	r := &refresh{indexes: x, file: filepath.Join(dir, indexName), began: time.Now().Add(-coarse)}
	data, err := os.ReadFile(r.file)
	if errors.Is(err, os.ErrNotExist) || x.Dir == "" || split(dir) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	r.name = indexKey(p, data)
	if err := takeKept(filepath.Join(x.Dir, r.name), r.file); err != nil {
		return nil, err
	}
	r.before, err = os.Stat(r.file)
	return r, err
}

// indexKey names the copy of an index: the hash of the tree's directory, then
// that of all that the comparison depends on.
func indexKey(p *project, index []byte) string {
	hash := sha256.New()
	for _, key := range repositoryKeys() {
		hash.Write([]byte(key + "\x00" + p.setting(key) + "\x00"))
	}
	hash.Write(index)
	top := sha256.Sum256([]byte(p.top))
	return hex.EncodeToString(top[:8]) + "-" + hex.EncodeToString(hash.Sum(nil))
}

// split reports whether the index of a repository has parts in other files.
func split(dir string) bool {
	return len(safefs.Glob(dir, "sharedindex.*")) > 0
}

// takeKept copies a kept index, with its modification time, if it exists.
func takeKept(from, to string) error {
	dir, err := safefs.OpenDir(filepath.Dir(from))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	return takeFile(dir, filepath.Base(from), to)
}

// forget removes the copy, in case it is the cause of an error of git.
func (r *refresh) forget() {
	if r.name != "" {
		_ = os.Remove(filepath.Join(r.indexes.Dir, r.name))
	}
}

// keep keeps the index if git has written it. Its time is that before git began
// to compare: files that change later are as new as the index, and compared
// again.
func (r *refresh) keep() error {
	if r.name == "" || split(filepath.Dir(r.file)) {
		return nil
	}
	after, err := os.Stat(r.file)
	if err != nil || os.SameFile(r.before, after) {
		return err
	}
	if err := safefs.MakePrivateDir(r.indexes.Dir); err != nil {
		return err
	}
	data, err := os.ReadFile(r.file)
	if err != nil {
		return err
	}
	return r.write(data)
}

// write replaces the copies of the same tree.
func (r *refresh) write(data []byte) error {
	kept := filepath.Join(r.indexes.Dir, r.name)
	out, err := renameio.TempFile(r.indexes.Dir, kept)
	if err != nil {
		return err
	}
	defer func() { _ = out.Cleanup() }()
	if _, err := out.Write(data); err != nil {
		return err
	}
	if err := os.Chtimes(out.Name(), time.Time{}, r.began); err != nil {
		return err
	}
	if err := out.CloseAtomicallyReplace(); err != nil {
		return err
	}
	tree, _, _ := strings.Cut(r.name, "-")
	for _, name := range safefs.Glob(r.indexes.Dir, tree+"-*") {
		if name != kept {
			_ = os.Remove(name)
		}
	}
	return nil
}
