// SPDX-License-Identifier: GPL-2.0-or-later

package imageplan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/workload"
	"gitlab.com/lcitool/lcitool/internal/workspace"
)

// planner plans from the built-in facts and appends warnings to warned.
func planner(t *testing.T, tree string) (p *Planner, warned *[]string) {
	t.Helper()
	warned = &[]string{}
	warnf := func(about, format string, args ...any) {
		*warned = append(*warned, about+": "+fmt.Sprintf(format, args...))
	}
	log := slog.New(slog.DiscardHandler)
	return &Planner{
		Workspace: workspace.New(workspace.Options{
			BaseDir: tree, Warnings: &workspace.Warnings{}, Warnf: warnf, Getenv: func(string) string { return "" }, Log: log,
		}),
		Mirrors: func() *envimage.Mirrors {
			return envimage.ReadMirrors(map[string]string{"debian-13": "http://m.example/debian"}, log)
		},
		Warnf: warnf,
	}, warned
}

func TestImage(t *testing.T) {
	p, _ := planner(t, t.TempDir())
	image, err := p.Image(t.Context(), Wanted{Target: "debian-13", Projects: "libvirt", Network: api.NetworkHost, Manifest: "digest", Labels: map[string]string{"own": "x=y"}})
	if err != nil {
		t.Fatal(err)
	}
	b := image.Build
	if b.Tag != "lcitool.debian-13" || b.Network != api.NetworkHost || !strings.Contains(string(b.Dockerfile), "debian:13-slim") {
		t.Errorf("%s, %s:\n%s", b.Tag, b.Network, b.Dockerfile)
	}
	own, err := workspace.HostArch("")
	if err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]string{api.LabelTarget: "debian-13", api.LabelProjects: "libvirt", api.LabelArch: string(own), "own": "x=y"} {
		if b.Labels[label] != want {
			t.Errorf("label %s is %q, want %q", label, b.Labels[label], want)
		}
	}
	if b.ExtraLabels[api.LabelManifest] != "digest" || image.Bootstrap || b.CacheDir != "" || b.Recipe != nil {
		t.Errorf("%+v", image)
	}
}

func TestImageForAnotherArchitecture(t *testing.T) {
	p, _ := planner(t, t.TempDir())
	image, err := p.Image(t.Context(), Wanted{Target: "debian-13", Cross: "s390x", Projects: "libvirt", Tag: "own"})
	if err != nil {
		t.Fatal(err)
	}
	if image.Build.Tag != "own" || image.Build.Labels[api.LabelArch] != "s390x" {
		t.Errorf("%s, %v", image.Build.Tag, image.Build.Labels)
	}
	for _, want := range []Wanted{{Target: "debian-99", Projects: "libvirt"}, {Target: "debian-13", Projects: "none-such"}, {Target: "freebsd-14", Projects: "libvirt"}} {
		if _, err := p.Image(t.Context(), want); err == nil {
			t.Errorf("no error for %+v", want)
		}
	}
}

func TestPackageCache(t *testing.T) {
	for _, c := range []struct {
		target, cacheDir string
		cache, warning   string
	}{
		{"debian-13", "/c", "/c/packages", ""},
		{"debian-13", "", "", "debian-13: --package-cache has no effect: neither XDG_CACHE_HOME nor HOME says where"},
		{"fedora-44", "/c", "", "fedora-44: --package-cache has no effect: only deb packages can be kept"},
	} {
		p, warned := planner(t, t.TempDir())
		p.KeepPackages, p.CacheDir = true, c.cacheDir
		image, err := p.Image(t.Context(), Wanted{Target: c.target, Projects: "libvirt"})
		if err != nil {
			t.Fatal(err)
		}
		if image.Build.CacheDir != c.cache || strings.Join(*warned, "\n") != c.warning {
			t.Errorf("%s, %q: %q, %q", c.target, c.cacheDir, image.Build.CacheDir, *warned)
		}
	}
}

func TestBaseImageIsMadeIfThatIsWanted(t *testing.T) {
	for _, c := range []struct{ bootstrap, offline, want bool }{{true, false, true}, {true, true, false}, {false, false, false}} {
		p, _ := planner(t, t.TempDir())
		p.Bootstrap, p.Offline = c.bootstrap, c.offline
		image, err := p.Image(t.Context(), Wanted{Target: "debian-13", Projects: "libvirt"})
		if err != nil || image.Bootstrap != c.want || c.want != (image.Base.Reference != "") {
			t.Errorf("%+v: %v, %v, base %q", c, err, image.Bootstrap, image.Base.Reference)
		}
		if c.want && !strings.Contains(image.Base.Sources[0], "http://m.example/debian") {
			t.Errorf("sources %+v", image.Base.Sources)
		}
	}
}

func TestAdvise(t *testing.T) {
	missing, step := &api.BuildError{BaseMissing: true}, &api.BuildError{Code: 100}
	for _, c := range []struct {
		err                error
		offline, bootstrap bool
		want               string // in the hint
	}{
		{errors.New("x"), true, true, ""},
		{step, false, false, ""},
		{step, true, false, "gives the steps of a build no network"},
		{&api.BuildError{}, true, false, ""},
		{missing, false, false, "lcitool container bootstrap debian-13 makes"},
		{missing, true, false, "lcitool container bootstrap debian-13 makes"},
		{missing, true, true, "--offline keeps --bootstrap from making"},
	} {
		p := &Planner{Offline: c.offline, Options: Options{Bootstrap: c.bootstrap}}
		err := p.Advise(c.err, "debian-13")
		if !errors.Is(err, c.err) || !strings.Contains(diag.Hint(err), c.want) || c.want == "" && diag.Hint(err) != "" {
			t.Errorf("%+v: %q", c, diag.Hint(err))
		}
		if hint := diag.Hint(p.Advise(c.err, "fedora-44")); strings.Contains(hint, "bootstrap") {
			t.Errorf("%+v on Fedora: %q", c, hint)
		}
	}
}

func TestForeignBase(t *testing.T) {
	own, err := workspace.HostArch("")
	if err != nil {
		t.Fatal(err)
	}
	o := bootstrap.Options{Reference: "docker.io/library/debian:13-slim"}
	if got, err := ForeignBase(o, "debian-13", own); err != nil || got.Reference != o.Reference || got.Arch != o.Arch {
		t.Errorf("this machine's: %v, %+v", err, got)
	}
	got, err := ForeignBase(o, "debian-13", "s390x")
	if err != nil || got.Reference != "lcitool.base.debian-13-s390x" || got.Arch != (bootstrap.Arch{Kernel: "s390x", Debian: "s390x", Go: "s390x"}) {
		t.Errorf("%v, %+v", err, got)
	}
}

type platforms struct {
	image  api.Image
	pulled []string
}

func (p *platforms) Inspect(context.Context, string) (api.Image, error) { return p.image, nil }

func (p *platforms) ForPlatform(_ context.Context, name, platform string, _ io.Writer) (api.Image, error) {
	p.pulled = append(p.pulled, name+" "+platform)
	return p.image, nil
}

func TestForPlatform(t *testing.T) {
	e := &platforms{image: api.Image{Architecture: "amd64"}}
	if err := ForPlatform(t.Context(), e, "i", "linux/arm64", false, nil); err != nil || !slices.Equal(e.pulled, []string{"i linux/arm64"}) {
		t.Errorf("%v, %q", err, e.pulled)
	}
	if err := ForPlatform(t.Context(), e, "i", "linux/amd64", true, nil); err != nil || len(e.pulled) != 1 {
		t.Errorf("the right one, offline: %v, %q", err, e.pulled)
	}
	err := ForPlatform(t.Context(), e, "i", "linux/arm64", true, nil)
	if err == nil || err.Error() != "image i is for amd64, not for linux/arm64, and --offline forbids to pull it" {
		t.Errorf("%v", err)
	}
}

func write(t *testing.T, tree string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWorkloads(t *testing.T) {
	tree := t.TempDir()
	write(t, tree, map[string]string{
		"ci/manifest.yml": "gitlab: {namespace: n, project: p}\nprojects: [libvirt]\ntargets:\n  debian-13: x86_64\n",
		"Dockerfile":      "FROM debian:13\n",
		"build.sh":        "true\n",
	})
	p, _ := planner(t, tree)
	o := WorkloadOptions{
		Targets:     []string{"debian-13"},
		Dockerfiles: Dockerfiles{Files: []string{filepath.Join(tree, "Dockerfile")}},
		Workload: workload.Workload{
			Tree: workload.Tree{Dir: tree, Writable: true}, Script: filepath.Join(tree, "build.sh"), Command: []string{"x"},
			Limits: workload.Limits{Network: api.NetworkNone},
		},
	}
	all, err := p.Workloads(t.Context(), o)
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %d workloads", err, len(all))
	}
	if w := all[0]; w.Name != "debian-13" || w.Labels[api.LabelTarget] != "debian-13" || w.Image.Build.Labels[api.LabelProjects] != "libvirt" || w.Image.Build.Network != "" {
		t.Errorf("%+v", w)
	}
	if w := all[1]; w.Name != "Dockerfile" || w.Labels != nil || string(w.Image.Build.Dockerfile) != "FROM debian:13\n" {
		t.Errorf("%+v", w)
	}
	for _, w := range all {
		if !w.Tree.Writable || w.Command[0] != "x" || filepath.Base(w.Script) != "build.sh" {
			t.Errorf("%s has not what all have: %+v", w.Name, w)
		}
	}
	o.Workload.Limits.Network = api.NetworkHost
	if all, err = p.Workloads(t.Context(), o); err != nil || all[0].Image.Build.Network != api.NetworkHost || all[1].Image.Build.Network != api.NetworkHost {
		t.Errorf("the host's network does not apply to builds: %v", err)
	}
	for what, change := range map[string]func(*WorkloadOptions){
		"a target that the manifest has not": func(o *WorkloadOptions) { o.Targets = []string{"fedora-44"} },
		"a pattern that matches nothing":     func(o *WorkloadOptions) { o.Targets = []string{"nothing-*"} },
		"a script that is a directory":       func(o *WorkloadOptions) { o.Workload.Script = tree },
		"a tree that does not exist":         func(o *WorkloadOptions) { o.Workload.Tree.Dir = filepath.Join(tree, "none") },
		"a Dockerfile outside of the tree":   func(o *WorkloadOptions) { o.Dockerfiles.Files = []string{"/etc/hostname"} },
	} {
		wrong := o
		change(&wrong)
		if _, err := p.Workloads(t.Context(), wrong); err == nil {
			t.Errorf("no error for %s", what)
		}
	}
}

func TestPatternsStandForTargetsWithImages(t *testing.T) {
	p, _ := planner(t, t.TempDir())
	names, err := p.expand([]string{"debian-*", "fedora-44"})
	if err != nil || !slices.Contains(names, "debian-13") || !slices.Contains(names, "fedora-44") {
		t.Errorf("%v, %q", err, names)
	}
	if names, err = p.expand([]string{"freebsd-*"}); err == nil {
		t.Errorf("targets without images: %q", names)
	}
	if names, err = p.expand([]string{"no-such"}); err != nil || !slices.Equal(names, []string{"no-such"}) {
		t.Errorf("a name stays as it is: %v, %q", err, names)
	}
}

func TestTagsOfDockerfilesDiffer(t *testing.T) {
	tree := t.TempDir()
	write(t, tree, map[string]string{"Dockerfile": "FROM debian:13\n", "sub/file": "x"})
	p, _ := planner(t, tree)
	file := filepath.Join(tree, "Dockerfile")
	seen := map[string]string{}
	for what, from := range map[string]Dockerfiles{
		"alone":             {Files: []string{file}},
		"with an argument":  {Files: []string{file}, Args: []string{"A=1"}},
		"with another":      {Files: []string{file}, Args: []string{"A=2"}},
		"another directory": {Files: []string{file}, Context: filepath.Join(tree, "sub")},
	} {
		_, image, err := p.Dockerfile(tree, file, from, "")
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[image.Build.Tag]; ok {
			t.Errorf("%s and %s have the tag %s", what, other, image.Build.Tag)
		}
		seen[image.Build.Tag] = what
		for _, a := range from.Args {
			if name, value, _ := strings.Cut(a, "="); image.Build.Args[name] != value {
				t.Errorf("%s: arguments %v", what, image.Build.Args)
			}
		}
	}
}

func TestEnvironments(t *testing.T) {
	p, _ := planner(t, t.TempDir())
	e := &Environments{Workspace: p.Workspace, Mirrors: p.Mirrors, ManifestFailed: func(err error) error { return fmt.Errorf("manifest: %w", err) }}
	if e.Target("debian-13", "s390x") == nil || e.Target("no-such", "") != nil {
		t.Error("targets")
	}
	if base, err := e.Base("debian-13"); err != nil || base.Reference == "" {
		t.Errorf("%v, %+v", err, base)
	}
	if _, err := e.Base("no-such"); err == nil {
		t.Error("a base image of no target")
	}
	files, digest, err := e.Dockerfiles(t.Context(), "m.yml", []byte("gitlab: {namespace: n, project: p}\nprojects: [libvirt]\ntargets:\n  debian-13: x86_64\n"), "ci", true)
	if err != nil || digest == "" || len(files) != 1 || len(files["debian-13"]) == 0 {
		t.Errorf("%v, %q, %d files", err, digest, len(files))
	}
	broken := []byte("gitlab: {namespace: n, project: p}\nprojects: [no-such]\ntargets:\n  debian-13: x86_64\n")
	if _, _, err := e.Dockerfiles(t.Context(), "m.yml", broken, "ci", true); err == nil || !strings.HasPrefix(err.Error(), "manifest: ") {
		t.Errorf("%v", err)
	}
	if _, _, err := e.Dockerfiles(t.Context(), "m.yml", broken, "ci", false); err == nil || strings.HasPrefix(err.Error(), "manifest: ") {
		t.Errorf("without requests: %v", err)
	}
}
