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
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scratch"
)

const (
	maxBases  = 4                   // trees kept, of all projects together
	maxUnused = 14 * 24 * time.Hour // a tree unused for longer is removed
	maxStamp  = 4096                // bytes
	maxEarly  = 5 * time.Second     // age of a digest that Expect began
	nearby    = 100                 // changed files up to which no closer tree is searched for
	maxUpper  = 2000                // changed files up to which a tree can be used at all
)

// A Cache keeps the files of checked-out trees for later runs. A run that needs
// another tree uses the closest one as the lower layer of an overlay. Only
// lcitool may write to the cache: a tree that has changed since it was made is
// not used again.
type Cache struct {
	Dir string // private, in which nothing else is

	most  int // changed files up to which a cached tree can be used; 0 means maxUpper
	ahead atomic.Pointer[early]
}

// CacheIn returns the cache below parent, which need not exist.
func CacheIn(parent string) *Cache { return &Cache{Dir: filepath.Join(parent, "trees")} }

// Kept returns the paths of the scratch.KeptFiles of the cache's trees, except for those
// of other machines.
func (c *Cache) Kept() []string {
	files := safefs.Glob(c.Dir, "*/"+scratch.KeptFile)
	return slices.DeleteFunc(files, func(file string) bool { return isElsewhere(filepath.Base(filepath.Dir(file))) })
}

// isElsewhere reports whether another machine has made a tree, by its name. On a network
// file system the locks of its processes are not seen here.
func isElsewhere(name string) bool {
	parts := strings.Split(name, "-")
	return len(parts) == 3 && parts[1] != scratch.Machine()
}

// Names in the directory of a base.
const (
	filesName = "files" // the tree
	indexName = "index" // git's index of it
	stampName = "stamp" // written last, a stamp as JSON
)

// A stamp identifies a base. It is stored as JSON.
type stamp struct {
	Format int    `json:"format"`
	Source string `json:"source"` // directory of the project
	Tree   string `json:"tree"`   // its hash
	Digest string `json:"digest"` // of names, sizes and times
}

const stampFormat = 3 // 1 was checked out with settings of the user, 2 had a digest of text

// A base is one tree of the cache. It is locked until it is released.
type base struct {
	dir  string
	lock *os.File
	stamp
}

func (b *base) files() string { return filepath.Join(b.dir, filesName) }
func (b *base) index() string { return filepath.Join(b.dir, indexName) }
func (b *base) release()      { _ = b.lock.Close() }

// bases returns the directories of this machine's trees, most recently used first.
func (c *Cache) bases() []string {
	entries, _ := os.ReadDir(c.Dir) // those that could be read
	used := map[string]time.Time{}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(c.Dir, e.Name())
		if info, err := os.Lstat(filepath.Join(dir, stampName)); err == nil && !isElsewhere(e.Name()) {
			used[dir] = info.ModTime()
			dirs = append(dirs, dir)
		}
	}
	slices.SortFunc(dirs, func(a, b string) int { return used[b].Compare(used[a]) })
	return dirs
}

// open locks a base for use. It returns nil if the base does not belong to
// source.
func (c *Cache) open(dir, source string) *base {
	lock, err := lockBase(dir, syscall.LOCK_SH)
	if err != nil {
		return nil
	}
	b := &base{dir: dir, lock: lock}
	data, err := safefs.ReadFile(filepath.Join(dir, stampName), maxStamp) // another process removes it first
	if err == nil {
		err = json.Unmarshal(data, &b.stamp)
	}
	if err != nil || b.Format != stampFormat || b.Source != source {
		b.release()
		return nil
	}
	return b
}

// lockBase locks the directory of a base. It fails if another process has a
// conflicting lock.
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

// An early is the digest of a base, made while other things are done.
type early struct {
	dir    string // of the base
	began  time.Time
	ended  chan struct{}
	digest string
	err    error
}

// Expect begins to make the digest of the tree of source that was used last,
// which the next Layers is likely to need.
func (c *Cache) Expect(source string) {
	for _, dir := range c.bases() {
		b := c.open(dir, source)
		if b == nil {
			continue
		}
		e := &early{dir: dir, began: time.Now(), ended: make(chan struct{})}
		c.ahead.Store(e)
		go func() {
			defer close(e.ended)
			defer b.release()
			e.digest, e.err = treeDigest(b.files())
		}()
		return
	}
}

// digest returns the digest of a base. That of Expect is used once, and only soon
// after it was asked for.
func (c *Cache) digest(b *base) (string, error) {
	e := c.ahead.Load()
	if e == nil || e.dir != b.dir || !c.ahead.CompareAndSwap(e, nil) || time.Since(e.began) > maxEarly {
		return treeDigest(b.files())
	}
	<-e.ended
	return e.digest, e.err
}

// check reports whether a base is unchanged, and updates the time of its last
// use.
func (c *Cache) check(b *base) bool {
	digest, err := c.digest(b)
	if err != nil || digest != b.Digest {
		return false
	}
	return os.Chtimes(filepath.Join(b.dir, stampName), time.Time{}, time.Now()) == nil
}

// discard removes a base unless it is locked or used by a kept container.
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
		_ = os.RemoveAll(dir) // without a stamp, the rest is not used
	}
}

// Sweep removes trees that were not used recently, those beyond the maximum
// number, and incomplete ones.
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
		if strings.HasPrefix(e.Name(), safefs.TemporaryPrefix) { // swept above, unless another machine may use it
			continue
		}
		if isElsewhere(e.Name()) && (err != nil || time.Since(info.ModTime()) <= maxUnused) {
			continue
		}
		if at < 0 || at >= most || err == nil && time.Since(info.ModTime()) > maxUnused {
			c.discard(dir)
		}
	}
}

// make checks out a tree for the cache. The objects must be in the snapshot's
// store.
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

// add writes the stamp of a new tree and moves it into the cache.
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
	dir := filepath.Join(c.Dir, fmt.Sprintf("%s-%s-%d", fresh.Tree[:min(16, len(fresh.Tree))], scratch.Machine(), time.Now().UnixNano()))
	if err := os.Rename(fresh.dir, dir); err != nil {
		fresh.release()
		return nil, err
	}
	fresh.dir = dir
	return fresh, nil
}
