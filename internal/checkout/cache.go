// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scratch"
)

const (
	maxBases  = 4                   // trees that are kept of all projects
	maxUnused = 14 * 24 * time.Hour // for which one is kept
	maxStamp  = 4096                // bytes
	nearby    = 100                 // files in which a tree may differ so that no better one is looked for
	maxUpper  = 2000                // files in which it may differ at all
)

// A Cache keeps the files of checked-out trees, so that a later run has them at
// once. A run that needs another tree lays what differs over the nearest one. It
// belongs to this program alone: a tree that has changed since it was made is
// not used again.
type Cache struct {
	Dir string // private, in which nothing else is

	most int // files in which a tree may differ from one of the cache; 0 means maxUpper
}

// CacheIn is the cache below a directory, which need not exist.
func CacheIn(parent string) *Cache { return &Cache{Dir: filepath.Join(parent, "trees")} }

// Kept lists the scratch.KeptFiles of the cache's trees.
func (c *Cache) Kept() []string {
	files, _ := filepath.Glob(filepath.Join(c.Dir, "*", scratch.KeptFile)) // the pattern is valid
	return files
}

// Names in the directory of a base.
const (
	filesName = "files" // the tree
	indexName = "index" // git's index of it
	stampName = "stamp" // written last, a stamp as JSON
)

// A stamp says what a base is.
type stamp struct {
	Format int    `json:"format"`
	Source string `json:"source"` // directory of the project
	Tree   string `json:"tree"`   // its hash
	Digest string `json:"digest"` // of names, sizes and times
}

const stampFormat = 1

// A base is one tree of the cache, which stays until it is released.
type base struct {
	dir  string
	lock *os.File
	stamp
}

func (b *base) files() string { return filepath.Join(b.dir, filesName) }
func (b *base) index() string { return filepath.Join(b.dir, indexName) }
func (b *base) release()      { _ = b.lock.Close() }

// bases lists the directories of the cache's trees, last used first.
func (c *Cache) bases() []string {
	entries, _ := os.ReadDir(c.Dir) // those that could be read
	used := map[string]time.Time{}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(c.Dir, e.Name())
		if info, err := os.Lstat(filepath.Join(dir, stampName)); err == nil {
			used[dir] = info.ModTime()
			dirs = append(dirs, dir)
		}
	}
	slices.SortFunc(dirs, func(a, b string) int { return used[b].Compare(used[a]) })
	return dirs
}

// open takes a base into use if it is of a source. It gives nil for another.
func (c *Cache) open(dir, source string) *base {
	lock, err := lockBase(dir, syscall.LOCK_SH)
	if err != nil {
		return nil
	}
	b := &base{dir: dir, lock: lock}
	data, err := safefs.ReadFile(filepath.Join(dir, stampName), maxStamp) // which is removed first
	if err == nil {
		err = json.Unmarshal(data, &b.stamp)
	}
	if err != nil || b.Format != stampFormat || b.Source != source {
		b.release()
		return nil
	}
	return b
}

// lockBase locks the directory of a base if nobody has it otherwise.
func lockBase(dir string, how int) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// check reports whether a base is as it was made, and notes that it is used.
func (b *base) check() bool {
	digest, err := treeDigest(b.files())
	if err != nil || digest != b.Digest {
		return false
	}
	return os.Chtimes(filepath.Join(b.dir, stampName), time.Time{}, time.Now()) == nil
}

// discard removes a base unless somebody else uses it or a container is kept with
// it.
func (c *Cache) discard(dir string) {
	if scratch.IsKept(dir) {
		return
	}
	lock, err := lockBase(dir, syscall.LOCK_EX)
	if err != nil {
		return
	}
	defer lock.Close()
	if err := os.Remove(filepath.Join(dir, stampName)); err == nil || errors.Is(err, os.ErrNotExist) {
		_ = os.RemoveAll(dir) // what stays has no stamp
	}
}

// Sweep removes trees that nobody has used for long, those beyond the number
// that is kept, and what is left of those that were being made or removed.
func (c *Cache) Sweep() { c.sweep(maxBases) }

// Clear removes all trees that are not in use.
func (c *Cache) Clear() { c.sweep(0) }

func (c *Cache) sweep(most int) {
	scratch.Sweep(c.Dir)
	entries, _ := os.ReadDir(c.Dir)
	bases := c.bases()
	for _, e := range entries {
		dir := filepath.Join(c.Dir, e.Name())
		info, err := os.Lstat(filepath.Join(dir, stampName))
		at := slices.Index(bases, dir)
		if at < 0 || at >= most || err == nil && time.Since(info.ModTime()) > maxUnused {
			c.discard(dir)
		}
	}
}

// make checks out a tree for the cache. The snapshot has its objects.
func (c *Cache) make(ctx context.Context, s *Snapshot, source, tree string) (*base, error) {
	if err := safefs.MakePrivateDir(c.Dir); err != nil {
		return nil, err
	}
	work, done, err := scratch.New(c.Dir)
	if err != nil {
		return nil, err
	}
	defer done()
	fresh := base{dir: filepath.Join(work, "base"), stamp: stamp{Format: stampFormat, Source: source, Tree: tree}}
	if err := os.MkdirAll(fresh.files(), 0o755); err != nil {
		return nil, err
	}
	g := git{dir: filepath.Join(work, "git")}
	if err := g.create(s.format, s.objects, s.shallow); err != nil {
		return nil, err
	}
	if err := copyObjects(s.store.dir, g.dir); err != nil {
		return nil, err
	}
	w := g.of(fresh.files())
	for _, args := range [][]string{{"read-tree", tree}, {"checkout-index", "--all", "--force", "--quiet"}} {
		if _, err := w.long(ctx, nil, args...); err != nil {
			return nil, err
		}
	}
	if err := openModes(fresh.files()); err != nil {
		return nil, err
	}
	if _, err := w.long(ctx, nil, "update-index", "-q", "--refresh"); err != nil {
		return nil, err
	}
	if err := os.Rename(filepath.Join(g.dir, indexName), fresh.index()); err != nil {
		return nil, err
	}
	return c.add(&fresh)
}

// add stamps a new tree and puts it among the others.
func (c *Cache) add(fresh *base) (*base, error) {
	var err error
	if fresh.Digest, err = treeDigest(fresh.files()); err != nil {
		return nil, err
	}
	data, err := json.Marshal(fresh.stamp)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(fresh.dir, stampName), data, 0o600); err != nil {
		return nil, err
	}
	if fresh.lock, err = lockBase(fresh.dir, syscall.LOCK_SH); err != nil {
		return nil, err
	}
	dir := filepath.Join(c.Dir, fmt.Sprintf("%s-%d", fresh.Tree[:min(16, len(fresh.Tree))], time.Now().UnixNano()))
	if err := os.Rename(fresh.dir, dir); err != nil {
		fresh.release()
		return nil, err
	}
	fresh.dir = dir
	return fresh, nil
}
