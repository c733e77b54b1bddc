// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/manifests"
	"gitlab.com/lcitool/lcitool/targets"
)

func open(t *testing.T, files map[string]string) (w *Workspace, tree string) {
	t.Helper()
	tree = t.TempDir()
	for name, text := range files {
		file := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return New(Options{
		BaseDir: tree, Warnings: &Warnings{}, Warnf: func(string, string, ...any) {}, Getenv: func(string) string { return "" },
		Log: slog.New(slog.DiscardHandler),
	}), tree
}

const manifest = "gitlab: {namespace: n, project: p}\nprojects: [libvirt, ./own.yml]\ntargets:\n  debian-13: x86_64\n"

func TestOpenManifest(t *testing.T) {
	w, tree := open(t, map[string]string{manifests.DefaultPath: manifest, "other.yml": "x: 1\n"})
	other := filepath.Join(tree, "other.yml")
	for _, c := range []struct {
		args       []string
		file, text string
	}{
		{nil, filepath.Join(tree, manifests.DefaultPath), manifest},
		{[]string{other}, other, "x: 1\n"},
		{[]string{"-"}, manifests.Stdin, "from stdin"},
	} {
		file, text, err := w.OpenManifest(c.args, strings.NewReader("from stdin"))
		if err != nil || file != c.file || string(text) != c.text {
			t.Errorf("%q: %v, %s, %q", c.args, err, file, text)
		}
	}
}

func TestOpenManifestFails(t *testing.T) {
	w, tree := open(t, nil)
	_, _, err := w.OpenManifest(nil, nil)
	if !errors.Is(err, fs.ErrNotExist) || diag.Hint(err) != `"lcitool manifest init" writes a first one` {
		t.Errorf("without one: %v, hint %q", err, diag.Hint(err))
	}
	_, project := open(t, map[string]string{manifests.DefaultPath: manifest, "src/lib/x": ""})
	below := New(Options{BaseDir: filepath.Join(project, "src", "lib")})
	if _, _, err := below.OpenManifest(nil, nil); diag.Hint(err) != `"lcitool manifest init" writes a first one; that of `+project+" is used there, or with --base-dir" {
		t.Errorf("below a project: %v, hint %q", err, diag.Hint(err))
	}
	for _, named := range []string{filepath.Join(tree, "none.yml"), ""} {
		if _, _, err := w.OpenManifest([]string{named}, nil); err == nil || diag.Hint(err) != "" || !strings.Contains(err.Error(), "argument manifest: can't open '"+named+"'") {
			t.Errorf("%q: %v, hint %q", named, err, diag.Hint(err))
		}
	}
	huge := strings.NewReader(strings.Repeat("#", manifests.MaxSize+1))
	if _, _, err := w.OpenManifest([]string{"-"}, huge); err == nil || !isTooLarge(err) {
		t.Errorf("too large: %v", err)
	}
}

func isTooLarge(err error) bool { _, ok := errors.AsType[*safefs.TooLargeError](err); return ok }

func TestManifestProjects(t *testing.T) {
	w, tree := open(t, map[string]string{manifests.DefaultPath: manifest, "own.yml": "packages: [gcc]\n"})
	names, digest, err := w.ManifestProjects("debian-13")
	if want := []string{"libvirt", tree + "/./own.yml"}; err != nil || digest == "" || !slices.Equal(names, want) {
		t.Errorf("%v, %q, %q, want %q", err, names, digest, want)
	}
	if _, _, err := w.ManifestProjects("fedora-44"); err == nil || diag.Hint(err) != "name them with --projects" {
		t.Errorf("a target that is not in it: %v", err)
	}
	if _, _, err := w.ManifestProjects("debian13"); err == nil || !strings.Contains(err.Error(), "Target not found: debian13") {
		t.Errorf("a misspelt target: %v", err)
	}
	w, _ = open(t, nil)
	if _, _, err := w.ManifestProjects("debian13"); err == nil || !strings.Contains(err.Error(), "Target not found: debian13") {
		t.Errorf("a misspelt target without a manifest: %v", err)
	}
	if _, _, err := w.ManifestProjects("debian-13"); err == nil || diag.Hint(err) != "name them with --projects" {
		t.Errorf("no manifest: %v", err)
	}
}

func TestManifestErrors(t *testing.T) {
	err := ManifestErrors(errors.Join(errors.New("a"), fmt.Errorf("b: %w", manifests.ErrUnfinished)), false)
	all := Separate(err)
	if len(all) != 2 || ManifestErrors(nil, true) != nil {
		t.Fatalf("%v", all)
	}
	if e, ok := errors.AsType[*ManifestError](ManifestErrors(errors.New("a"), true)); !ok || e.Prefix() != "Manifest error: " {
		t.Errorf("a check: %v", e)
	}
	for i, want := range []string{"Manifest error: Failed to generate configuration: ", "Manifest error: "} {
		if e, ok := errors.AsType[*ManifestError](all[i]); !ok || e.Prefix() != want {
			t.Errorf("%v: prefix %q, want %q", all[i], e.Prefix(), want)
		}
	}
}

// TestSeparate: an error that wraps several keeps the prefix of each.
func TestSeparate(t *testing.T) {
	two := errors.Join(errors.New("a"), errors.New("b"))
	for _, c := range []struct {
		err  error
		want int
		kind func(error) bool
	}{
		{errors.New("x"), 1, func(error) bool { return true }},
		{errors.Join(two, errors.New("c")), 3, func(error) bool { return true }},
		{&facts.MappingsError{Err: two}, 2, func(err error) bool { _, ok := errors.AsType[*facts.MappingsError](err); return ok }},
		{&facts.ProjectError{Project: "p", Err: two}, 2, func(err error) bool { e, ok := errors.AsType[*facts.ProjectError](err); return ok && e.Project == "p" }},
		{&targets.Error{Target: "t", Err: two}, 2, func(err error) bool { e, ok := errors.AsType[*targets.Error](err); return ok && e.Target == "t" }},
		{&targets.ResolveError{Err: two}, 2, func(err error) bool { _, ok := errors.AsType[*targets.ResolveError](err); return ok }},
		{&targets.Error{Target: "t", Err: errors.New("a")}, 1, func(err error) bool { _, ok := errors.AsType[*targets.Error](err); return ok }},
	} {
		all := Separate(c.err)
		if len(all) != c.want || !slices.ContainsFunc(all, c.kind) {
			t.Errorf("%T: %q", c.err, all)
		}
	}
}

func TestResolve(t *testing.T) {
	w, _ := open(t, nil)
	target, packages, err := w.ResolvePattern(t.Context(), Arches{Cross: "s390x"}, "debian-13", "libvirt,qemu", AnyTarget)
	if err != nil || target.Cross != "s390x" || packages.Resolved["glib2"].Name != "libglib2.0-dev:s390x" {
		t.Errorf("%v, %+v, %+v", err, target.Cross, packages)
	}
	refused := errors.New("refused")
	if _, _, err := w.ResolvePattern(t.Context(), Arches{}, "debian-13", "libvirt", func(targets.Target) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("a check that fails: %v", err)
	}
	asked := false
	_, _, err = w.ResolvePattern(t.Context(), Arches{Cross: "mingw64"}, "debian-13", "libvirt", func(targets.Target) error { asked = true; return nil })
	if _, ok := errors.AsType[*targets.CrossError](err); !ok || !asked {
		t.Errorf("an architecture that the target has not: %v, asked %v", err, asked)
	}
}

func TestPortable(t *testing.T) {
	for _, c := range []struct {
		arches Arches
		want   string
	}{
		{Arches{Host: "aarch64"}, "--host-arch aarch64"},
		{Arches{Host: "x86_64", Cross: "s390x"}, "--host-arch x86_64 --cross-arch s390x"},
	} {
		if got := strings.Join(c.arches.Portable(), " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.arches, got, c.want)
		}
	}
	tree := t.TempDir()
	if got := PortablePath(tree, filepath.Join(tree, "a", "..", "b.yml")); got != "b.yml" {
		t.Errorf("a file of the tree: %q", got)
	}
	if got := PortablePath(tree, "/etc/x.yml"); got != "x.yml" {
		t.Errorf("a file elsewhere: %q", got)
	}
}

func TestFillStart(t *testing.T) {
	w, tree := open(t, nil)
	named := filepath.Join(tree, "my-project")
	if err := os.Mkdir(named, 0o755); err != nil {
		t.Fatal(err)
	}
	w.o.BaseDir = named
	var s manifests.Start
	if err := w.FillStart(&s); err != nil || s.Project != "my-project" || s.Namespace != "my-project" || len(s.Targets) == 0 {
		t.Errorf("%v, %+v", err, s)
	}
	s = manifests.Start{Project: "p", Namespace: "n", Targets: []string{"debian-13"}}
	if err := w.FillStart(&s); err != nil || s.Project != "p" || s.Namespace != "n" || len(s.Targets) != 1 {
		t.Errorf("%v, %+v", err, s)
	}
	w.o.BaseDir = "/"
	if err := w.FillStart(&manifests.Start{}); err == nil {
		t.Error("a project is called like the root directory")
	}
}

func TestLint(t *testing.T) {
	w, tree := open(t, map[string]string{"d/mappings/m.yml": "mappings:\n  own:\n    defualt: x\n"})
	findings, err := w.Lint(filepath.Join(tree, "d"))
	if err != nil || !slices.ContainsFunc(findings, func(f facts.Finding) bool { return strings.Contains(fmt.Sprint(f), "defualt") }) {
		t.Errorf("%v, %v", err, findings)
	}
	if findings, err = w.Lint(""); err != nil {
		t.Error(err)
	}
	for _, f := range findings {
		if f.Severity == facts.ErrorSeverity {
			t.Errorf("the built-in facts: %v", f)
		}
	}
}

// TestExplainerWarnsOfEachError: an error of facts that are not asked about is one warning.
func TestExplainerWarnsOfEachError(t *testing.T) {
	w, tree := open(t, map[string]string{
		"d/targets/freebsd-9.yml": "os: {name: FreeBSD, version: '9'}\npackaging: {format: pkg}\ncirrus: {image_name: x}\n",
		"d/projects/broken.yml":   "packages: [1, 2]\n",
	})
	var warnings []string
	w.o.DataDir = filepath.Join(tree, "d")
	w.o.Warnf = func(_, format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	if _, err := w.Explainer(t.Context(), Arches{}, "debian-13", ""); err != nil {
		t.Fatal(err)
	}
	for _, text := range warnings {
		if strings.Contains(text, "\n") {
			t.Errorf("warning of several lines: %q", text)
		}
	}
	if n := len(warnings); n < 10 {
		t.Errorf("%d warnings: %q", n, warnings)
	}
}
