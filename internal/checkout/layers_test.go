// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/scratch"
)

// layered returns what a job sees of layers. They are merged by hand, because overlayfs
// needs privileges on some machines.
func (d developer) layered(s *Snapshot, c *Cache, change func(*Tree)) (developer, *Layers) {
	d.t.Helper()
	t := Tree{Dir: filepath.Join(d.t.TempDir(), "upper"), Depth: 20, Origin: "https://gitlab.com/team/app.git", Ref: "main", Pipeline: "1001"}
	if err := os.Mkdir(t.Dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	if change != nil {
		change(&t)
	}
	l, err := s.Layers(d.t.Context(), c, t)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(l.Release)
	merged := filepath.Join(d.t.TempDir(), "app")
	merge(d.t, l.Lower, merged)
	merge(d.t, l.Upper, merged)
	return developer{d.t, merged}, l
}

// merge copies a directory over another one.
func merge(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, name)
		target := filepath.Join(to, rel)
		old, _ := os.Lstat(target)
		info, err := e.Info()
		if err != nil {
			return err
		}
		if old != nil && !(old.IsDir() && e.IsDir()) {
			if err := os.RemoveAll(target); err != nil {
				return err
			}
		}
		switch {
		case e.Type()&fs.ModeCharDevice != 0:
			return nil // a whiteout
		case e.IsDir():
			if err := os.MkdirAll(target, 0o777); err != nil {
				return err
			}
			return os.Chmod(target, info.Mode().Perm())
		case e.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(name)
			return errors.Join(err, os.Symlink(link, target))
		}
		data, err := os.ReadFile(name)
		return errors.Join(err, os.WriteFile(target, data, 0o600), os.Chmod(target, info.Mode().Perm()), os.Chtimes(target, time.Time{}, info.ModTime()))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// modes returns all paths of a tree with their modes, without .git.
func (d developer) modes() string {
	d.t.Helper()
	var out []string
	err := filepath.WalkDir(d.dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.Name() == ".git" {
			return fs.SkipDir
		}
		info, err := e.Info()
		text := info.Mode().String() + " " + strings.TrimPrefix(name, d.dir)
		if e.Type().IsRegular() {
			data, readErr := os.ReadFile(name)
			err = errors.Join(err, readErr)
			text += " " + string(data)
		}
		out = append(out, text)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// TestLayers: the layers show the same files as a checkout.
func TestLayers(t *testing.T) {
	d := newDeveloper(t)
	for _, name := range []string{"src/a.c", "src/b.c", "src/deep/er/c.c", "gone/all/x", "gone/all/y", "part/x", "part/y", "file", "dir/x", "link"} {
		d.write(name, name+"\n")
	}
	d.commit("second")
	c := &Cache{Dir: t.TempDir()}
	same := func(what string, change func(*Tree)) *Layers {
		t.Helper()
		s := d.take("")
		got, l := d.layered(s, c, change)
		want := d.job(s, change)
		if got.modes() != want.modes() {
			t.Errorf("%s: got\n%s\nwant\n%s", what, got.modes(), want.modes())
		}
		for _, args := range [][]string{
			{"status", "--short"}, {"rev-parse", "HEAD"}, {"ls-files", "--stage"}, {"for-each-ref"}, {"rev-list", "--count", "HEAD"}, {"log", "-1", "--format=%D"},
			{"config", "--list", "--local"}, {"reflog", "--format=%H %gs"},
		} {
			if a, b := got.git(args...), want.git(args...); a != b {
				t.Errorf("%s: git %s: got %s, want %s", what, args, a, b)
			}
		}
		if out, err := tryGit(got.dir, "symbolic-ref", "HEAD"); err == nil {
			t.Errorf("%s: HEAD is not detached: %s", what, out)
		}
		got.git("fsck", "--strict")
		return l
	}
	first := same("the same tree", nil)
	d.write("src/a.c", "changed\n")
	d.write("new/file", "new\n")
	d.git("add", "new")
	d.remove("gone")
	d.remove("part/x")
	d.remove("file")
	d.write("file/now/below", "dir\n")
	d.git("add", "file/now/below")
	d.remove("dir")
	d.write("dir", "file\n")
	d.git("add", "dir")
	d.remove("link")
	if err := os.Symlink("src", filepath.Join(d.dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(d.dir, "src/b.c"), 0o755); err != nil {
		t.Fatal(err)
	}
	d.write("stray", "stray\n")
	dirty := same("uncommitted changes", nil)
	if dirty.Lower != first.Lower {
		t.Error("a second tree was made for a few changes")
	}
	same("untracked files", func(t *Tree) { t.Untracked = true })
	d.remove("src")
	d.write("src", "no directory\n")
	d.commit("third")
	same("a commit", func(t *Tree) { t.Depth = 1 })
	same("all history", func(t *Tree) { t.Depth = 0 })
	same("objects elsewhere", nil)
}

// TestLayersAreAsOld: a changed file is no newer than the others, or make would consider its
// targets outdated.
func TestLayersAreAsOld(t *testing.T) {
	d := newDeveloper(t)
	c := &Cache{Dir: t.TempDir()}
	_, first := d.layered(d.take(""), c, nil)
	made, err := os.Stat(filepath.Join(first.Kept(), indexName))
	if err != nil {
		t.Fatal(err)
	}
	d.write("README", "changed\n")
	_, l := d.layered(d.take(""), c, nil)
	for _, file := range []string{filepath.Join(l.Upper, "README"), filepath.Join(l.Lower, "README")} {
		if info, err := os.Stat(file); err != nil || info.ModTime().After(made.ModTime()) {
			t.Errorf("%s: %v, %v, made at %v", file, info, err, made.ModTime())
		}
	}
}

func TestLayersOfNothing(t *testing.T) {
	d := newDeveloper(t)
	s, c := d.take(""), &Cache{Dir: t.TempDir()}
	for _, o := range []Tree{{Strategy: None}, {Strategy: Empty}, {Strategy: Clone}, {NoCheckout: true}, {Submodules: Submodules{Enabled: true}}} {
		o.Dir = t.TempDir()
		if _, err := s.Layers(t.Context(), c, o); !errors.Is(err, ErrNoLayers) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestChangedBase: a tree of the cache that was changed is created again.
func TestChangedBase(t *testing.T) {
	for what, change := range map[string]func(dir string) error{
		"content":   func(dir string) error { return os.WriteFile(filepath.Join(dir, "README"), []byte("read us\n"), 0o600) },
		"mode":      func(dir string) error { return os.Chmod(filepath.Join(dir, "README"), 0o600) },
		"new file":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "sub/new"), nil, 0o600) },
		"no file":   func(dir string) error { return os.Remove(filepath.Join(dir, "README")) },
		"new mtime": func(dir string) error { return os.Chtimes(filepath.Join(dir, "README"), time.Time{}, time.Now()) },
		"exchanged": func(dir string) error {
			return os.Rename(filepath.Join(dir, "sub/a"), filepath.Join(dir, "sub/b"))
		},
	} {
		d := newDeveloper(t)
		d.write("sub/a", "1")
		d.write("sub/b", "2")
		d.commit("sub")
		c := &Cache{Dir: t.TempDir()}
		s := d.take("")
		_, l := d.layered(s, c, nil)
		if err := change(l.Lower); err != nil {
			t.Fatal(err)
		}
		got, again := d.layered(s, c, nil)
		if again.Lower == l.Lower {
			t.Errorf("%s: the changed tree is used", what)
		}
		if want := d.job(s, nil); got.modes() != want.modes() {
			t.Errorf("%s: got %s, want %s", what, got.modes(), want.modes())
		}
	}
}

// TestExpect: a digest that was begun early is used once, and only for a short time.
func TestExpect(t *testing.T) {
	d := newDeveloper(t)
	c := &Cache{Dir: t.TempDir()}
	s := d.take("")
	if c.Expect(s.work); c.ahead.Load() != nil {
		t.Fatal("expects a tree of an empty cache")
	}
	change := func(dir string) {
		t.Helper()
		if err := os.Chmod(filepath.Join(dir, "README"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, first := d.layered(s, c, nil)
	if c.Expect(filepath.Join(s.work, "other")); c.ahead.Load() != nil {
		t.Fatal("expects a tree of another project")
	}
	c.Expect(s.work)
	early := c.ahead.Load()
	<-early.ended
	early.digest = "made early"
	if _, l := d.layered(s, c, nil); l.Lower == first.Lower {
		t.Error("the early digest is not used")
	}
	_, l := d.layered(s, c, nil)
	c.Expect(s.work)
	if _, again := d.layered(s, c, nil); again.Lower != l.Lower {
		t.Error("a tree that is the same is not used")
	}
	change(l.Lower)
	if _, again := d.layered(s, c, nil); again.Lower == l.Lower {
		t.Error("the early digest is used twice")
	}
	_, l = d.layered(s, c, nil)
	c.Expect(s.work)
	early = c.ahead.Load()
	<-early.ended
	early.began = early.began.Add(-2 * maxEarly)
	change(l.Lower)
	if _, again := d.layered(s, c, nil); again.Lower == l.Lower {
		t.Error("an old digest is used")
	}
}

// TestTreesOfOtherMachines: in a home that several machines share, a tree of another one
// is neither used nor removed, as its lock is not seen here.
func TestTreesOfOtherMachines(t *testing.T) {
	d := newDeveloper(t)
	c := &Cache{Dir: t.TempDir()}
	s := d.take("")
	_, l := d.layered(s, c, nil)
	l.Release()
	here := filepath.Base(l.Kept())
	parts := strings.Split(here, "-")
	if len(parts) != 3 {
		t.Fatalf("a tree is called %q", here)
	}
	there := filepath.Join(c.Dir, parts[0]+"-0a0a0a0a-"+parts[2])
	if err := os.Rename(l.Kept(), there); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(there, scratch.KeptFile)
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if files := c.Kept(); len(files) > 0 {
		t.Errorf("kept: %q", files)
	}
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	if _, again := d.layered(s, c, nil); filepath.Dir(again.Lower) == there {
		t.Error("a tree of another machine is used")
	}
	c.Clear()
	if _, err := os.Stat(there); err != nil {
		t.Errorf("a tree of another machine is gone: %v", err)
	}
	old := time.Now().Add(-maxUnused - time.Hour)
	if err := os.Chtimes(filepath.Join(there, stampName), old, old); err != nil {
		t.Fatal(err)
	}
	c.Sweep()
	if _, err := os.Stat(there); err == nil {
		t.Error("a tree that was not used for long is still there")
	}
}

// TestCacheIsBounded: trees that were not used for long are removed.
func TestCacheIsBounded(t *testing.T) {
	d := newDeveloper(t)
	c := &Cache{Dir: t.TempDir(), most: 1}
	_, used := d.layered(d.take(""), c, nil)
	var all []*Layers
	for i := range maxBases + 2 {
		for _, name := range []string{"x", "y"} { // far from all others
			d.write(filepath.Join("d", string(rune('a'+i)), name), "x")
		}
		d.commit("more")
		s := d.take("")
		dir := t.TempDir()
		l, err := s.Layers(t.Context(), c, Tree{Dir: dir, Depth: 1, Ref: "main"})
		if err != nil {
			t.Fatal(err)
		}
		l.Release()
		all = append(all, l)
	}
	kept := filepath.Join(all[0].Kept(), scratch.KeptFile)
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(kept, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(c.Dir, "left")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	c.Sweep()
	for i, l := range append(all, used) {
		_, err := os.Stat(l.Lower)
		if want := i == 0 || i >= 2; (err == nil) != want {
			t.Errorf("%d: there is %v, want %v", i, err == nil, want)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a directory without a stamp is still there")
	}
	old := time.Now().Add(-maxUnused - time.Hour)
	if err := os.Chtimes(filepath.Join(all[3].Kept(), stampName), old, old); err != nil {
		t.Fatal(err)
	}
	c.Sweep()
	if _, err := os.Stat(all[3].Lower); err == nil {
		t.Error("a tree that nobody has used for long is still there")
	}
}
