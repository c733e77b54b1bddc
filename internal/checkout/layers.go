// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Layers are a tree as two layers of overlayfs. Lower belongs to a cache and
// must not be changed. Upper contains the repository and the files that differ.
type Layers struct {
	Lower, Upper string

	base *base
}

// Kept returns the directory in which a scratch.KeptFile protects Lower from
// removal.
func (l *Layers) Kept() string { return l.base.dir }

// Release permits the cache to remove Lower.
func (l *Layers) Release() { l.base.release() }

// ErrNoLayers reports a tree that cannot be checked out as layers.
var ErrNoLayers = errors.New("the tree has no layers")

// Layers checks out the snapshot as Populate does, using a cache. t.Dir becomes
// the upper layer. Layers requires root, to create whiteouts.
func (s *Snapshot) Layers(ctx context.Context, c *Cache, t Tree) (*Layers, error) {
	if t.Strategy != "" && t.Strategy != Fetch || t.NoCheckout || t.Submodules.Enabled {
		return nil, ErrNoLayers
	}
	l, err := s.layers(ctx, c, t)
	if err != nil {
		return nil, fmt.Errorf("cannot check out %s: %w", s.Commit, err)
	}
	return l, nil
}

func (s *Snapshot) layers(ctx context.Context, c *Cache, t Tree) (_ *Layers, err error) {
	tree := s.tree
	if tree == "" {
		if tree, err = s.store.run(ctx, "rev-parse", s.Commit+"^{tree}"); err != nil {
			return nil, err
		}
	}
	g := git{dir: filepath.Join(t.Dir, ".git")}
	if err := s.repository(ctx, g, t); err != nil {
		return nil, err
	}
	b, differs, err := s.nearest(ctx, c, g, tree)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.release()
		}
	}()
	w := g.of(t.Dir)
	if err := w.layOver(ctx, tree, b, differs); err != nil {
		return nil, err
	}
	if err := g.detach(s.Commit); err != nil {
		return nil, err
	}
	if t.Untracked {
		if err := s.files.copyUntracked(ctx, t.Dir); err != nil {
			return nil, err
		}
	}
	if err := g.finish(ctx, t.Objects, s.objects); err != nil {
		return nil, err
	}
	return &Layers{Lower: b.files(), Upper: t.Dir, base: b}, openModes(t.Dir)
}

// nearest returns the cached tree with the fewest differences from tree, and the
// differences. If no tree is close enough, it adds one to the cache.
func (s *Snapshot) nearest(ctx context.Context, c *Cache, g git, tree string) (*base, differences, error) {
	var best *base
	var differs differences
	for _, dir := range c.bases() {
		b := c.open(dir, s.work)
		if b == nil {
			continue
		}
		d, err := g.differences(ctx, b, tree)
		if err != nil || d.size() > cmp.Or(c.most, maxUpper) || best != nil && d.size() >= differs.size() || !c.check(b) {
			b.release()
			continue
		}
		if best != nil {
			best.release()
		}
		if best, differs = b, d; d.size() <= nearby {
			break
		}
	}
	if best != nil {
		return best, differs, nil
	}
	b, err := c.make(ctx, s, s.work, tree)
	return b, differences{}, err
}

// differences are the files in which a tree differs from a base.
type differences struct {
	written []string // that are others, or only in the tree
	removed []string // that are only in the base
}

func (d *differences) size() int { return len(d.written) + len(d.removed) }

// differences compares a tree with the index of a base.
func (g git) differences(ctx context.Context, b *base, tree string) (d differences, err error) {
	if b.Tree == tree {
		return d, nil
	}
	if err := g.useIndex(b); err != nil {
		return d, err
	}
	list, err := g.list(ctx, "diff-index", "--cached", "-z", "--name-status", "--no-renames", tree)
	if err != nil {
		return d, err
	}
	for i := 0; i+1 < len(list); i += 2 {
		if list[i] == "A" { // in the index but not in the tree
			d.removed = append(d.removed, list[i+1])
		} else {
			d.written = append(d.written, list[i+1])
		}
	}
	return d, nil
}

// useIndex copies the index of a base into the repository.
func (g git) useIndex(b *base) error {
	in, err := os.Open(b.index())
	if err != nil {
		return err
	}
	defer in.Close()
	return writeFrom(in, filepath.Join(g.dir, indexName))
}

// layOver writes the files that differ, and whiteouts for those only in the
// base.
func (g git) layOver(ctx context.Context, tree string, b *base, d differences) error {
	if err := g.useIndex(b); err != nil {
		return err
	}
	if b.Tree == tree {
		return nil
	}
	if _, err := g.run(ctx, "read-tree", "-m", tree); err != nil { // it keeps the cached stat data of unchanged files
		return err
	}
	if len(d.written) > 0 {
		stdin := []byte(strings.Join(d.written, "\x00") + "\x00")
		if _, err := g.long(ctx, stdin, "checkout-index", "--force", "--quiet", "-z", "--stdin"); err != nil {
			return err
		}
		if err := g.backdate(b, d.written); err != nil {
			return err
		}
	}
	if len(d.removed) == 0 {
		return nil
	}
	present, err := g.directories(ctx)
	if err != nil {
		return err
	}
	for _, name := range d.removed {
		if err := hide(g.tree, name, present); err != nil {
			return fmt.Errorf("cannot hide %s: %w", name, err)
		}
	}
	return nil
}

// backdate sets the modification times of files to that of the base, so that
// make does not consider some files of a checkout newer than others.
func (g git) backdate(b *base, names []string) error {
	info, err := os.Stat(b.index())
	if err != nil {
		return err
	}
	for _, name := range names {
		file := filepath.Join(g.tree, filepath.FromSlash(name))
		if found, err := os.Lstat(file); err != nil || !found.Mode().IsRegular() {
			continue
		}
		if err := os.Chtimes(file, time.Time{}, info.ModTime()); err != nil {
			return err
		}
	}
	return nil
}

// directories returns the directories of the files in the index.
func (g git) directories(ctx context.Context) (map[string]bool, error) {
	names, err := g.list(ctx, "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	present := map[string]bool{".": true}
	for _, name := range names {
		for dir := path.Dir(name); !present[dir]; dir = path.Dir(dir) {
			present[dir] = true
		}
	}
	return present, nil
}

// hide creates a whiteout for a removed file, or for its topmost parent
// directory without files.
func hide(upper, name string, present map[string]bool) error {
	for dir := path.Dir(name); !present[dir]; dir = path.Dir(dir) {
		name = dir
	}
	if parent := path.Dir(name); parent != "." { // which may be a file now
		if info, err := os.Lstat(filepath.Join(upper, filepath.FromSlash(parent))); err == nil && !info.IsDir() {
			return nil
		}
		if err := os.MkdirAll(filepath.Join(upper, filepath.FromSlash(parent)), 0o777); err != nil {
			return err
		}
	}
	err := unix.Mknod(filepath.Join(upper, filepath.FromSlash(name)), unix.S_IFCHR, 0)
	if errors.Is(err, unix.EEXIST) {
		return nil // replaced by another file, or hidden already
	}
	return err
}
