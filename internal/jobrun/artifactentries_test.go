// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// made returns a new directory with files, links ("link>target") and directories ("dir/").
func made(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		name, target, link := strings.Cut(name, ">")
		file := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		switch {
		case link:
			err = errors.Join(err, os.Symlink(target, file))
		case strings.HasSuffix(name, "/"):
			err = errors.Join(err, os.MkdirAll(file, 0o755))
		default:
			err = errors.Join(err, os.WriteFile(file, nil, 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestConflict: GitLab Runner cannot extract a file in the place of a directory with files, and
// nothing below a file.
func TestConflict(t *testing.T) {
	for _, c := range []struct{ tree, earlier, entries, want string }{
		{"a b/c", "", "a b/c b/d e/f", ""},
		{"d/x", "", "d", "d is a directory with files"},
		{"d/e/", "", "d>x", "d is a directory with files"},
		{"d/", "", "d", ""},
		{"d", "", "d/x", "d is a file"},
		{"d", "", "d/e/x", "d is a file"},
		{"d", "", "d/", ""}, // the file stays
		{"a/d>..", "", "a/d", ""},
		{"d>e e/x", "", "d/x/y", ""}, // what is in e counts
		{"", "d/x", "d", "d is a directory with files"},
		{"", "d", "d/x", "d is a file"},
		{"d", "d>e", "d/x", ""},
		{"d/x", "d/y", "d/x d/y d/z", ""},
		{"d-x d/x", "", "d-x d", "d is a directory with files"},
	} {
		var sets []artifactEntries
		for _, names := range []string{c.earlier, c.entries} {
			root, err := os.OpenRoot(made(t, strings.Fields(names)...))
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			entries, err := newFileSet([]string{"."}, nil).entries(root)
			if err != nil {
				t.Fatal(err)
			}
			sets = append(sets, entries)
		}
		if got := sets[1].conflict([]placed{sets[0], view{made(t, strings.Fields(c.tree)...)}}); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	upper := made(t, "x")
	if (view{upper, made(t, "d/x")}).full("d") != true || (view{upper}).full("x") || (view{upper}).full("none") {
		t.Error("what is full")
	}
}

// TestEntries: a directory without files of the set is no entry, unless it is in the set.
func TestEntries(t *testing.T) {
	root, err := os.OpenRoot(made(t, "out/a/x", "out/b/", "reports/r.xml", "other/", "link>out"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	got, err := newFileSet([]string{"out", "link/**"}, nil).entries(root)
	if err != nil || len(got) != 5 || got["out"] != fs.ModeDir || got["out/a"] != fs.ModeDir || got["out/b"] != fs.ModeDir || got["link"] != fs.ModeSymlink {
		t.Errorf("%v, %v", got, err)
	}
	if _, ok := got["out/a/x"]; !ok {
		t.Errorf("%v", got)
	}
}

// TestArtifactsInPlaceOfDirectories: a job whose artifacts cannot be extracted fails before its
// script.
func TestArtifactsInPlaceOfDirectories(t *testing.T) {
	for file, want := range map[string]string{
		"d": `artifacts of job "build": GitLab Runner cannot extract them: d is a directory with files here`, "f/x": `artifacts of job "build": GitLab Runner cannot extract them: f is a file here`, "d/y": "",
	} {
		h := newHarness(t)
		if err := errors.Join(os.Mkdir(filepath.Join(h.Project, "d"), 0o755), os.WriteFile(filepath.Join(h.Project, "d/x"), nil, 0o644), os.WriteFile(filepath.Join(h.Project, "f"), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		build := job("build", &gitlabci.Artifacts{When: "on_success", Paths: []string{file}})
		h.writes(0, file)
		h.Run(t.Context(), build, scheduler.Streams{})
		use := job("use", nil)
		use.ArtifactsFrom = []*Job{build}
		var out strings.Builder
		result, _ := h.Run(t.Context(), use, scheduler.Streams{Stderr: &out})
		failed := result.State == outcome.Failed && result.Status() == 1 && len(h.engine.last().stages) == 0
		if failed != (want != "") || strings.TrimSpace(out.String()) != want {
			t.Errorf("%s: %s, %v, said %q", file, result.Text(), h.engine.last().stages, out.String())
		}
	}
}

// TestArtifactsWithoutScript: a job that cannot get its artifacts stores its own ones if it asks for
// that, and is not kept.
func TestArtifactsWithoutScript(t *testing.T) {
	for when, want := range map[string]string{"always": "log", "on_failure": "log", "on_success": ""} {
		h := newHarness(t)
		h.Keep = true
		if err := errors.Join(os.Mkdir(filepath.Join(h.Project, "d"), 0o755), os.WriteFile(filepath.Join(h.Project, "d/x"), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		build, cached := job("build", &gitlabci.Artifacts{When: "on_success", Paths: []string{"d"}}), job("cached", nil)
		h.writes(0, "d")
		h.Run(t.Context(), build, scheduler.Streams{})
		cached.Cache = []gitlabci.Cache{{Key: "k", Paths: []string{"log"}, Policy: "push"}}
		h.writes(0, "log")
		h.Run(t.Context(), cached, scheduler.Streams{})
		use := job("use", &gitlabci.Artifacts{When: when, Paths: []string{"log"}})
		use.Cache = []gitlabci.Cache{{Key: "k", Paths: []string{"log"}, Policy: "pull"}}
		use.ArtifactsFrom = []*Job{build}
		result, _ := h.Run(t.Context(), use, scheduler.Streams{})
		c := h.engine.last()
		if result.State != outcome.Failed || len(c.stages) > 0 || h.stored(t, "use") != want || !c.removed || c.kept {
			t.Errorf("%s: %s, stages %q, stored %q", when, result.Text(), c.stages, h.stored(t, "use"))
		}
	}
}
