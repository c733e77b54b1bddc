// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
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
	for _, name := range []string{"new", "old", "outer/README", "outer/new", "clone/.git/config", "clone/d/x", "d/clone/.git/config", "d/clone/x", "d/y", "clone/want"} {
		c.files[treeDir+"/"+name] = "x"
	}
	set := newFileSet([]string{"clone/want"}, nil, treeDir)
	set.tracked = map[string]bool{"old": true, "outer": true}
	got, err := (&Runner{}).fetch(t.Context(), &Job{dir: treeDir}, c, ".", t.TempDir(), set)
	if err != nil || strings.Join(got, " ") != "clone/want d/y new" {
		t.Errorf("%q, %v", got, err)
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
	set := r.cacheSet(t.Context(), j, gitlabci.Cache{Untracked: true, Paths: []string{"tracked.d"}})
	for name, want := range map[string]bool{"new": true, "d/new": true, "tracked": false, "tracked.d/x": true, ".git/config": false, "sub/.git/config": true} {
		if set.has(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	r.Tree.Snapshot = nil
	if set := r.cacheSet(t.Context(), j, gitlabci.Cache{Untracked: true, Paths: []string{"p"}}); set.has("new") || !set.has("p/x") || len(warned) != 1 {
		t.Errorf("without a snapshot: %+v, warned %q", set, warned)
	}
}
