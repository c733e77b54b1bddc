// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

func TestCachesAreKeptApart(t *testing.T) {
	runs := map[string]*Runner{
		"default branch":                {Source: "upstream default", Protected: true},
		"default branch, merge request": {Source: "upstream default"},
		"topic branch":                  {Source: "upstream other"},
		"topic branch, claimed as main": {Source: "upstream other", Protected: true},
		"fork's default branch":         {Source: "fork default", Protected: true},
		"another project":               {Source: "upstream default", Protected: true, Project: "/other"},
	}
	files, volumes := map[string]string{}, map[string]string{}
	shared := map[string]bool{}
	for name, r := range runs {
		j := &Job{Image: Image{Reference: "x"}}
		file, volume := r.cacheFile(gitlabci.Cache{}, "key"), r.ccacheVolume(j)
		if other, ok := files[file]; ok {
			t.Errorf("%s and %s share a cache", name, other)
		}
		if other, ok := volumes[volume]; ok {
			t.Errorf("%s and %s share a volume", name, other)
		}
		files[file], volumes[volume] = name, name
		if r.Project == "" {
			shared[r.cacheFile(gitlabci.Cache{Unprotect: true}, "key")] = true
		}
	}
	if len(shared) != 1 {
		t.Errorf("cache: unprotect gives %d files", len(shared))
	}
}

func TestRepositoriesAreNoArtifacts(t *testing.T) {
	for _, paths := range [][]string{{"."}, {"**/*"}, {".git"}, {".git/config"}, {"**/.git/**"}, {"sub"}, {"./.git/"}} {
		s := newFileSet(paths, nil)
		for _, file := range []string{".git", ".git/config", ".git/hooks/x", "sub/.git", "sub/.git/config"} {
			if s.has(file) {
				t.Errorf("paths %q have %s", paths, file)
			}
		}
		if c := cacheFileSet(paths); c.has(".git/config") || c.has(".git") {
			t.Errorf("cache %q has the repository", paths)
		}
	}
	s := newFileSet([]string{"."}, nil)
	for _, file := range []string{".gitignore", "a.git/x", ".github/x", "sub/.gitmodules"} {
		if !s.has(file) {
			t.Errorf("%s is missing", file)
		}
	}
	if !cacheFileSet([]string{"cargo"}).has("cargo/registry/.git/config") {
		t.Error("a repository that a tool keeps is missing in a cache")
	}
}

// TestUntrackedInRepositories: files of submodules and of clones are not untracked files.
func TestUntrackedInRepositories(t *testing.T) {
	c := &memoryContainer{files: map[string]string{}, engine: &memoryEngine{}}
	for _, name := range []string{"new", "old", "outer/README", "outer/new", "clone/.git/config", "clone/d/x", "d/clone/.git/config", "d/clone/x", "d/y", "clone/want", "clone/+x", "clone/-d/x", "d/-y"} {
		c.files[treeDir+"/"+name] = "x"
	}
	set := newFileSet([]string{"clone/want"}, nil, treeDir)
	set.tracked = map[string]bool{"old": true, "outer": true}
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	got, err := (&Runner{}).fetch(t.Context(), &Job{dir: treeDir}, c, ".", root, set)
	if want := "clone/want d/-y d/y new"; err != nil || strings.Join(got, " ") != want || strings.Join(filesIn(t, dir), " ") != want {
		t.Errorf("%q, %q, %v", got, filesIn(t, dir), err)
	}
}

// TestCleanKeys: GitLab Runner changes keys that are unusual paths.
func TestCleanKeys(t *testing.T) {
	r := newHarness(t).Runner
	for key, want := range map[string]string{
		"a/b": "a/b", "./a": "a", "a//b": "a/b", "a%2Fb": "a/b", "a%2fb": "a/b", `a\b`: "a/b", "a/./b/../c": "a/c", "../../a": "a", "a b": "a b",
		"%2E%2e/a": "a", "a ": "a ", ".": ".", "..": "..", "/": "", "a/": "a/", "a/..": "a/..", "": "",
	} {
		if got := r.cleanKey(job("x", nil), key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
	for key, want := range map[string]string{"a ": "a", "a/ ": "a", "a / /": "a", ".": "", "/": "", "..": "", " ": "", "a/b\t": "a/b", "b/../a-protected/.": "a-protected"} {
		if got := r.cleanWholeKey(job("x", nil), key); got != want {
			t.Errorf("whole %q: %q, want %q", key, got, want)
		}
	}
	hashed := job("x", nil)
	hashed.Env = []string{"FF_HASH_CACHE_KEYS=1"}
	if got := r.cleanKey(hashed, "./a"); got != "./a" {
		t.Errorf("hashed: %q", got)
	}
}

// TestEqualKeys: keys that are the same path name the same cache.
func TestEqualKeys(t *testing.T) {
	h := newHarness(t)
	h.writes(0, "deps/a")
	j := job("x", nil)
	j.Cache = []gitlabci.Cache{{Key: "./lib//a", Paths: []string{"deps"}, When: "always"}}
	h.Run(t.Context(), j, scheduler.Streams{})
	h.writes(0)
	for _, c := range []gitlabci.Cache{{Key: "lib/a"}, {Key: "x", FallbackKeys: []string{"lib%2Fa"}}} {
		c.Paths, c.Policy = []string{"deps"}, "pull"
		j.Cache = []gitlabci.Cache{c}
		h.Run(t.Context(), j, scheduler.Streams{})
		if files := h.engine.last().files; files[treeDir+"/deps/a"] == "" {
			t.Errorf("%+v: nothing restored", c)
		}
	}
}

// TestDirectoriesOfCaches: a cache has the directories that belong to it, even if they are
// empty, and no others.
func TestDirectoriesOfCaches(t *testing.T) {
	h := newHarness(t)
	var made []string
	h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
		for _, name := range made {
			c.files[treeDir+"/"+name] = ""
		}
		return nil
	}
	for _, c := range []struct{ paths, files, want string }{
		{"deps", "deps/a deps/d/", "deps deps/a deps/d"},
		{"deps", "deps/", "deps"}, // replaces an older one
		{"deps/*.o", "deps/a.o deps/d/ e/", "deps deps/a.o"},
		{"deps/*.o", "deps/d/", "deps deps/a.o"}, // nothing to cache
	} {
		made = strings.Fields(c.files)
		j := job("x", nil)
		j.Cache = []gitlabci.Cache{{Key: c.paths, Paths: []string{c.paths}, When: "always", Policy: "push"}}
		h.Run(t.Context(), j, scheduler.Streams{})
		made = nil
		j.Cache[0].Policy = "pull"
		h.Run(t.Context(), j, scheduler.Streams{})
		var got []string
		for _, name := range h.engine.last().put {
			got = append(got, path.Clean(name))
		}
		if slices.Sort(got); strings.Join(got, " ") != c.want {
			t.Errorf("%s with %s: restored %q, want %s", c.paths, c.files, got, c.want)
		}
	}
}

// TestUntrackedWithoutRepository: git cannot list untracked files then.
func TestUntrackedWithoutRepository(t *testing.T) {
	for strategy, want := range map[string]string{"none": "out/a", "empty": "out/a", "fetch": "new out/a"} {
		h := newHarness(t)
		snapshot, err := checkout.Take(t.Context(), checkout.Source{Dir: h.Tree.Dir, Store: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		h.Tree.Writable, h.Tree.Snapshot, h.Tree.Work = false, snapshot, t.TempDir()
		h.engine.stage = func(_ context.Context, c *memoryContainer, name, _ string) error {
			for _, dir := range []string{treeDir, treeDir + "-empty"} {
				c.files[dir+"/new"], c.files[dir+"/out/a"] = "x", "x"
			}
			return nil
		}
		j := job("x", &gitlabci.Artifacts{When: "always", Untracked: true, Paths: []string{"out"}})
		j.Env = []string{"GIT_STRATEGY=" + strategy}
		j.Cache = []gitlabci.Cache{{Key: "k", Untracked: true, When: "always"}}
		result, _ := h.Run(t.Context(), j, scheduler.Streams{})
		_, err = os.Stat(h.cacheFile(j.Cache[0], "k"))
		if got := h.stored(t, "x"); got != want || (err == nil) != (strategy == "fetch") || strings.Contains(h.warnings.String(), "no repository") != (strategy != "fetch") {
			t.Errorf("%s: stored %s, cache %v, %s %s", strategy, got, err, h.warnings.String(), result.Text())
		}
	}
}

// TestUntrackedCaches: untracked includes files that git does not track, but never .git.
func TestUntrackedCaches(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tracked"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	snapshot, err := checkout.Take(t.Context(), checkout.Source{Dir: dir, Store: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var warned []string
	r := &Runner{Tree: Tree{Snapshot: snapshot}, Warn: func(_, what string) { warned = append(warned, what) }}
	j := &Job{dir: "/builds/a/b"}
	c := &memoryContainer{files: map[string]string{}}
	set := r.cacheSet(t.Context(), j, c, gitlabci.Cache{Untracked: true, Paths: []string{"tracked.d"}})
	for name, want := range map[string]bool{"new": true, "d/new": true, "tracked": false, "tracked.d/x": true, ".git/config": false, "sub/.git/config": true} {
		if set.has(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	r.Tree.Snapshot = nil
	if set := r.cacheSet(t.Context(), j, c, gitlabci.Cache{Untracked: true, Paths: []string{"p"}}); set.has("new") || !set.has("p/x") || len(warned) != 1 {
		t.Errorf("without a snapshot: %+v, warned %q", set, warned)
	}
}

// TestUncachedPaths: with this flag, nothing is left where a cache would be.
func TestUncachedPaths(t *testing.T) {
	for _, c := range []struct {
		flag     string
		writable bool
		paths    string
		want     string // files that are left
	}{
		{"true", false, "deps sub/a.o", "deps2/x sub/b.o"},
		{"1", false, "/builds/project/deps $X ../deps2 . sub/*.o", "deps2/x sub/a.o sub/b.o"},
		{"false", false, "deps", "deps/x deps2/x sub/a.o sub/b.o"},
		{"true", true, "deps", "deps/x deps2/x sub/a.o sub/b.o"},
	} {
		h := newHarness(t)
		h.Tree.Writable = c.writable
		k := &memoryContainer{engine: h.engine, files: map[string]string{}}
		for _, name := range []string{"deps/x", "deps2/x", "sub/a.o", "sub/b.o"} {
			k.files[treeDir+"/"+name] = "x"
		}
		j := job("x", nil)
		j.dir, j.Env = treeDir, []string{"FF_CLEAN_UP_FAILED_CACHE_EXTRACT=" + c.flag}
		j.Cache = []gitlabci.Cache{{Key: "k", Paths: strings.Fields(c.paths)}, {Key: "k", Paths: []string{"deps2"}, Policy: "push"}}
		if _, err := h.restoreCaches(t.Context(), j, k, nil); err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(strings.Join(slices.Sorted(maps.Keys(k.files)), " "), treeDir+"/", "")
		if got != c.want || h.warnings.Len() > 0 {
			t.Errorf("%+v: left %s; %s", c, got, h.warnings.String())
		}
	}
}

// TestEmptyDirectoriesAreNotUntracked: git lists only files, so that an empty directory
// belongs to untracked files only if a path has it.
func TestEmptyDirectoriesAreNotUntracked(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := errors.Join(root.MkdirAll("a/b", 0o755), root.Mkdir("want", 0o755)); err != nil {
		t.Fatal(err)
	}
	set := newFileSet([]string{"want"}, nil, treeDir)
	set.tracked = map[string]bool{"old": true}
	if err := dropEmpty(safefs.In(root), set); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(root.Name()); err != nil || len(left) != 1 || left[0].Name() != "want" {
		t.Errorf("%v, %v", left, err)
	}
}

// TestCacheInPlaceOfDirectories: what GitLab Runner cannot extract of a cache replaces nothing. What
// was extracted counts for artifacts.
func TestCacheInPlaceOfDirectories(t *testing.T) {
	for _, c := range []struct {
		tree, cached, fallback string
		want, warned           string
	}{
		{"d/x", "a d/y z", "old", "a d/y z", ""},
		{"d/x", "a d z", "", "a", "d is a directory with files here"},
		{"d/x", "a d z", "old", "a old", "d is a directory with files here"},
		{"d", "a d/y z", "", "a", "d is a file here"},
		{"b/d/x", "a b/c b/d", "", "a b/c", "b/d is a directory with files here"},
	} {
		h := newHarness(t)
		for key, files := range map[string]string{"k": c.cached, "k2": c.fallback} {
			if files == "" {
				continue
			}
			j := job("x", nil)
			j.Cache = []gitlabci.Cache{{Key: key, Paths: []string{"*"}, Policy: "push"}}
			h.writes(0, strings.Fields(files)...)
			h.Run(t.Context(), j, scheduler.Streams{})
		}
		h.Tree.Dir = made(t, strings.Fields(c.tree)...)
		h.writes(0)
		j := job("x", nil)
		j.Cache = []gitlabci.Cache{{Key: "k", FallbackKeys: []string{"k2"}, Paths: []string{"*"}, Policy: "pull"}}
		h.Run(t.Context(), j, scheduler.Streams{})
		got := strings.ReplaceAll(strings.Join(slices.Sorted(maps.Keys(h.engine.last().files)), " "), treeDir+"/", "")
		if got != c.want || (h.warnings.Len() > 0) != (c.warned != "") || !strings.Contains(h.warnings.String(), c.warned) {
			t.Errorf("%+v: got %s, warned %s", c, got, h.warnings.String())
		}
	}
}

// TestCacheAfterAPartOfAnother: what was extracted of a cache does not stand in the way of the next
// one if it was removed again.
func TestCacheAfterAPartOfAnother(t *testing.T) {
	for _, c := range []struct{ flag, paths, want, warned string }{
		{"true", "a d", "a/b", ""},
		{"true", "d", "a", "a is a file here"},
		{"false", "a d", "a", "a is a file here"},
	} {
		h := newHarness(t)
		for key, files := range map[string]string{"k": "a d", "k2": "a/b"} {
			j := job("x", nil)
			j.Cache = []gitlabci.Cache{{Key: key, Paths: []string{"*"}, Policy: "push"}}
			h.writes(0, strings.Fields(files)...)
			h.Run(t.Context(), j, scheduler.Streams{})
		}
		h.Tree.Writable = false
		k := &memoryContainer{engine: h.engine, files: map[string]string{}}
		j := job("x", nil)
		j.dir, j.Env = treeDir, []string{"FF_CLEAN_UP_FAILED_CACHE_EXTRACT=" + c.flag}
		j.Cache = []gitlabci.Cache{{Key: "k", FallbackKeys: []string{"k2"}, Paths: strings.Fields(c.paths), Policy: "pull"}}
		if _, err := h.restoreCaches(t.Context(), j, k, []placed{view{made(t, "d/x")}}); err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(strings.Join(slices.Sorted(maps.Keys(k.files)), " "), treeDir+"/", "")
		if got != c.want || !strings.Contains(h.warnings.String(), c.warned) || c.warned == "" && strings.Contains(h.warnings.String(), "a is a file") {
			t.Errorf("%+v: got %s, warned %s", c, got, h.warnings.String())
		}
	}
}

// TestArtifactsOverCaches: a job fails whose artifacts have a file where a cache has files.
func TestArtifactsOverCaches(t *testing.T) {
	for file, want := range map[string]outcome.State{"d": outcome.Failed, "d/y": outcome.Passed} {
		h := newHarness(t)
		build := job("build", &gitlabci.Artifacts{When: "on_success", Paths: []string{file}})
		h.writes(0, file)
		h.Run(t.Context(), build, scheduler.Streams{})
		use := job("use", nil)
		use.Cache = []gitlabci.Cache{{Key: "k", Paths: []string{"d"}, Policy: "pull-push"}}
		h.writes(0, "d/x")
		h.Run(t.Context(), use, scheduler.Streams{})
		use.ArtifactsFrom = []*Job{build}
		if result, _ := h.Run(t.Context(), use, scheduler.Streams{}); result.State != want {
			t.Errorf("%s: %s", file, result.Text())
		}
	}
}
