// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/render"
)

// These tests are named after numbered defects of the original that a manifest can trigger.

const simple = head + "targets:\n  debian-12: x86_64\n"

func openTree(t testing.TB) (tree *Tree, dir string) {
	t.Helper()
	dir = t.TempDir()
	tree, err := OpenTree(dir, "ci")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	})
	return tree, dir
}

func syncTree(t testing.TB, tree *Tree, files []File) []Change {
	t.Helper()
	changes, err := tree.Sync(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func writeFile(t testing.TB, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// snapshot maps each path below dir to its mode and content.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := ""
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text = string(data)
		}
		all[strings.TrimPrefix(name, dir+"/")] = info.Mode().String() + " " + text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const stale = render.Mark + "\n#\n#  $ lcitool manifest ci/manifest.yml\n#\n# https://gitlab.com/libvirt/libvirt-ci\n\nold\n"

func TestD20DryRunTouchesNothing(t *testing.T) {
	_, files := mustGenerate(t, strings.Replace(simple, "project: p", "project: p, jobs: {check-dco: false}", 1))
	tree, dir := openTree(t)
	writeFile(t, dir, "ci/gitlab/sanity-checks.yml", stale)
	before := snapshot(t, dir)
	changes, err := tree.Compare(files)
	if err != nil {
		t.Fatal(err)
	}
	if after := snapshot(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("the tree has changed: %v", after)
	}
	last := changes[len(changes)-1]
	if last.Path != "ci/gitlab/sanity-checks.yml" || last.Action != Delete {
		t.Errorf("last change is %s %s", last.Action, last.Path)
	}
}

func TestD21EverythingIsRenderedBeforeAnythingIsListed(t *testing.T) {
	for _, text := range []string{
		strings.Replace(simple, "[libvirt]", "[nosuch]", 1),
		strings.Replace(simple, "x86_64", "bogus", 1),
	} {
		if _, _, err := generate(t, text); err == nil {
			t.Errorf("no error for\n%s", text)
		}
	}
}

func TestD22FilesKeepTheirModeAndEqualOnesAreNotTouched(t *testing.T) {
	_, files := mustGenerate(t, simple)
	tree, dir := openTree(t)
	writeFile(t, dir, "ci/gitlab.yml", "old")
	if err := os.Chmod(filepath.Join(dir, "ci/gitlab.yml"), 0o640); err != nil {
		t.Fatal(err)
	}
	syncTree(t, tree, files)
	for file, want := range map[string]os.FileMode{"ci/gitlab.yml": 0o640, "ci/gitlab/builds.yml": 0o644, "ci/buildenv/debian-12.sh": 0o644} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", file, info.Mode().Perm(), want)
		}
	}
	before, err := os.Stat(filepath.Join(dir, "ci/gitlab.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range syncTree(t, tree, files) {
		if c.Action != Keep {
			t.Errorf("%s again: %s", c.Path, c.Action)
		}
	}
	after, err := os.Stat(filepath.Join(dir, "ci/gitlab.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || before.ModTime() != after.ModTime() {
		t.Error("a file that is as it should be was written")
	}
}

func TestD22ASymbolicLinkIsNotReplaced(t *testing.T) {
	_, files := mustGenerate(t, simple)
	tree, dir := openTree(t)
	writeFile(t, dir, "mine", "mine")
	writeFile(t, dir, "ci/manifest.yml", simple)
	if err := os.Symlink("../mine", filepath.Join(dir, "ci/gitlab.yml")); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	_, err := tree.Sync(t.Context(), files)
	if err == nil || err.Error() != "cannot write "+filepath.Join(dir, "ci/gitlab.yml")+": a symbolic link is in its place" {
		t.Errorf("error is %v", err)
	}
	if after := snapshot(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("the tree has changed: %v", after)
	}
	writeFile(t, dir, "mine", body(t, files, "gitlab.yml"))
	syncTree(t, tree, files)
	if info, err := os.Lstat(filepath.Join(dir, "ci/gitlab.yml")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("a link to the right text is gone: %v %v", info, err)
	}
}

func TestD23AnErrorLeavesTheOldTree(t *testing.T) {
	_, files := mustGenerate(t, simple)
	tree, dir := openTree(t)
	writeFile(t, dir, "ci/containers/gone.Dockerfile", stale)
	writeFile(t, dir, "ci/gitlab/builds.yml/in-the-way", "")
	before := snapshot(t, dir)
	_, err := tree.Sync(t.Context(), files)
	if err == nil || !strings.HasSuffix(err.Error(), "builds.yml: a directory is in its place") {
		t.Errorf("error is %v", err)
	}
	if after := snapshot(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("the tree has changed: %v", after)
	}
}

func TestD24NothingEnabledMeansNoJobs(t *testing.T) {
	both := head + "targets: {debian-12: x86_64, freebsd-15: x86_64}\n"
	for off, want := range map[string]string{
		"containers": "cirrus/freebsd-15.vars gitlab/build-templates.yml gitlab/sanity-checks.yml gitlab/builds.yml gitlab.yml",
		"cirrus": "containers/debian-12.Dockerfile buildenv/debian-12.sh gitlab/container-templates.yml gitlab/build-templates.yml " +
			"gitlab/sanity-checks.yml gitlab/containers.yml gitlab/builds.yml gitlab.yml",
	} {
		_, files := mustGenerate(t, off+": {enabled: false}\n"+both)
		if got := strings.Join(names(files), " "); got != want {
			t.Errorf("without %s: %s", off, got)
		}
		gone := map[string]string{"containers": "debian", "cirrus": "freebsd"}[off]
		if builds := body(t, files, "gitlab/builds.yml"); strings.Contains(builds, gone) {
			t.Errorf("without %s there are jobs:\n%s", off, builds)
		}
	}
}

func TestD25StaleGitLabFilesGo(t *testing.T) {
	tree, dir := openTree(t)
	_, files := mustGenerate(t, simple)
	syncTree(t, tree, files)
	_, files = mustGenerate(t, strings.Replace(simple, "gitlab: {", "gitlab: {enabled: false, ", 1))
	syncTree(t, tree, files)
	var left []string
	for name, text := range snapshot(t, dir) {
		if !strings.HasPrefix(text, "d") {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	if got := strings.Join(left, " "); got != "ci/buildenv/debian-12.sh ci/containers/debian-12.Dockerfile" {
		t.Errorf("left: %s", got)
	}
}

func TestD26OnlyOurFilesAreDeleted(t *testing.T) {
	_, files := mustGenerate(t, simple)
	tree, dir := openTree(t)
	own := map[string]string{
		"ci/containers/mine.Dockerfile":  "FROM scratch\n",
		"ci/containers/quote.Dockerfile": "FROM scratch\n" + render.Mark + "\n",
		"ci/containers/print.Dockerfile": strings.Replace(stale, "manifest ci/manifest.yml", "dockerfile --layers all debian-12 x", 1),
		"ci/containers/notes.txt":        stale,
		"ci/gitlab/own.yml":              "a: b\n",
		"ci/other/x.Dockerfile":          stale,
	}
	for name, text := range own {
		writeFile(t, dir, name, text)
	}
	gone := []string{"ci/containers/old.Dockerfile", "ci/buildenv/old.sh", "ci/cirrus/old.vars", "ci/gitlab/old.yml"}
	for _, name := range gone {
		writeFile(t, dir, name, stale)
	}
	syncTree(t, tree, files)
	tree2 := snapshot(t, dir)
	for name := range own {
		if tree2[name] == "" {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range gone {
		if tree2[name] != "" {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestD27TheCIFolderIsBelowTheProject(t *testing.T) {
	for dir, want := range map[string]string{"./foo/bar/": "foo/bar", "ci": "ci", ".": ".", "a/../b": "b",
		"/abs": "", "..": "", "../x": "", "a/../../x": "", "a b": "", "$HOME": "", "a*": "", "-n": "", "a'b": "", "a\nb": ""} {
		got, err := CleanDir(dir)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v", dir, got, err)
		}
	}
	m, _, err := load(t, simple)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewPlan(m, "/abs"); err == nil {
		t.Error("a plan for an absolute folder")
	}
	plan, err := NewPlan(m, "./foo/bar/")
	if err != nil {
		t.Fatal(err)
	}
	files, err := plan.Render(renderOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	last := string(files[len(files)-1].Data)
	if !strings.Contains(last, "  - local: /foo/bar/gitlab/build-templates.yml\n") {
		t.Errorf("includes:\n%s", last)
	}
}

// D-28 is about the base directory: cmd/lcitool/testdata/script/manifest-base-dir.txtar.

func TestD29ValuesAreProperYAML(t *testing.T) {
	_, files := mustGenerate(t, head+`
targets:
  debian-12:
    jobs:
      - arch: x86_64
        variables:
          A: "x # y"
          B: true
          C: "a: b"
          N: null
          O: "0755"
          P: 0755
          S: "*s"
          V: 1.10
`)
	got := readPipeline(t, files)["x86_64-debian-12"]["variables"]
	want := map[string]any{"A": "x # y", "B": "true", "C": "a: b", "N": "", "O": "0755", "P": "0755", "S": "*s", "V": "1.10",
		"NAME": "debian-12", "TARGET_BASE_IMAGE": "docker.io/library/debian:12-slim"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestD30ArtifactsArePassedOnOrRefused(t *testing.T) {
	artifacts := `{paths: ["*.log"], when: always, reports: {junit: [a.xml]}, untracked: false, name: "n: 1"}`
	_, files := mustGenerate(t, head+"targets: {debian-12: {jobs: [{arch: x86_64, artifacts: "+artifacts+"}]}}\n")
	got := readPipeline(t, files)["x86_64-debian-12"]["artifacts"]
	want := map[string]any{"expire_in": "2 days", "paths": []any{"*.log"}, "when": "always",
		"reports": map[string]any{"junit": []any{"a.xml"}}, "untracked": false, "name": "n: 1"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	_, files = mustGenerate(t, head+"targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {paths: [a], when: null}}]}}\n")
	if readPipeline(t, files)["x86_64-debian-12"]["artifacts"] == nil {
		t.Error("when: null is not read as the default")
	}
}

// The original ignores both, so manifests that have them are accepted.
func TestKeysWithoutEffectOnCirrusAreWarnings(t *testing.T) {
	for key, want := range map[string]string{
		"artifacts: {paths: [a]}": "jobs[0].artifacts: has no effect: a job on Cirrus CI has no artifacts",
		"template: .mine":         "jobs[0].template: has no effect: a job on Cirrus CI extends no template of the project's",
	} {
		_, warnings, err := load(t, head+"targets: {freebsd-15: {jobs: [{arch: x86_64, "+key+"}]}}\n")
		if err != nil || len(warnings) != 1 || !strings.HasSuffix(warnings[0], want) {
			t.Errorf("%s: warnings %q, error %v", key, warnings, err)
		}
	}
}

func TestValuesThatAreNoStringsAreQuoted(t *testing.T) {
	for value, want := range map[string]string{"5": `when is "5", expected`, "true": `when is "true", expected`} {
		_, _, err := generate(t, head+"targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {paths: [a], when: "+value+"}}]}}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("when: %s: error is %v", value, err)
		}
	}
}

func TestD31JobNamesAreUnique(t *testing.T) {
	_, _, err := generate(t, head+`
targets:
  debian-12:
    jobs:
      - arch: x86_64
      - {arch: x86_64, suffix: -x}
      - {arch: x86_64, suffix: -x}
`)
	want := `m.yml:9:9: targets.debian-12.jobs[2]: job name "x86_64-debian-12-x" is taken by targets.debian-12.jobs[1] already: give one of them another suffix`
	if err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
	_, files := mustGenerate(t, head+"targets: {fedora-rawhide: {jobs: [{arch: x86_64}, {arch: x86_64, suffix: clang}]}}\n")
	if readPipeline(t, files)["x86_64-fedora-rawhideclang"] == nil {
		t.Error("a suffix is not appended as written")
	}
}

func TestD32NativeJobsOfOtherArchitecturesAreRefused(t *testing.T) {
	_, _, err := generate(t, head+"targets: {debian-12: {jobs: [{arch: x86_64}, {arch: aarch64, cross-build: false}]}}\n")
	if err == nil || !strings.Contains(err.Error(), "m.yml:3:75: targets.debian-12.jobs[1].cross-build: a build on aarch64 itself is not supported") {
		t.Errorf("error is %v", err)
	}
}

func TestD33CirrusTargetsResolveForTheirOwnArchitecture(t *testing.T) {
	own := facts.Layer{Name: "own", FS: fstest.MapFS{
		"mappings.yml":   {Data: []byte("mappings:\n  thing:\n    x86_64-MacOS: wrong\n    aarch64-MacOS: right\n")},
		"projects/p.yml": {Data: []byte("packages: [thing]\n")},
	}}
	set, err := facts.Load(facts.Options{Layers: []facts.Layer{own, facts.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := load(t, strings.Replace(head, "libvirt", "p", 1)+"targets: {macos-14: aarch64}\n")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(m, "ci")
	if err != nil {
		t.Fatal(err)
	}
	o := renderOptions(t)
	o.Facts = func(names []string) (*facts.Set, []string, error) { return set, names, nil }
	files, err := plan.Render(o)
	if err != nil {
		t.Fatal(err)
	}
	if vars := body(t, files, "cirrus/macos-14.vars"); !strings.Contains(vars, " right") || strings.Contains(vars, "wrong") {
		t.Errorf("variables:\n%s", vars)
	}
}

func TestD34OverwrittenVariablesAreErrors(t *testing.T) {
	job := func(keys string) error {
		_, _, err := generate(t, head+"targets: {debian-12: {jobs: [{arch: x86_64, "+keys+"}]}}\n")
		return err
	}
	for _, keys := range []string{"variables: {TARGET_BASE_IMAGE: x}", "builds: false, variables: {JOB_OPTIONAL: '1'}"} {
		if err := job(keys); err == nil || !strings.HasPrefix(err.Error(), "Attempt to override system variable '") {
			t.Errorf("%s: error is %v", keys, err)
		}
	}
	if err := job("variables: {JOB_OPTIONAL: '1'}"); err != nil {
		t.Errorf("a job that would not be optional: %v", err)
	}
}

// D-35 is TestWarnings, for --strict cmd/lcitool/testdata/script/manifest-bad.txtar.

func TestD36TypesAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		`containers: {enabled: "false"}`:                              "m.yml:1:23: containers.enabled: expected true or false, got a string",
		`targets: {debian-12: {projects: libvirt, jobs: []}}`:         "m.yml:1:33: targets.debian-12.projects: expected a list of projects",
		`targets: {debian-12: {jobs: [{arch: x86_64, builds: 1}]}}`:   "m.yml:1:53: targets.debian-12.jobs[0].builds: expected true or false, got a number",
		`targets: {debian-12: {jobs: [{arch: x86_64, suffix: [a]}]}}`: "m.yml:1:53: targets.debian-12.jobs[0].suffix: expected a string, got a list",
	} {
		_, _, err := generate(t, text+"\n"+head+map[bool]string{true: "targets: {}\n"}[!strings.HasPrefix(text, "targets")])
		if err == nil || err.Error() != want {
			t.Errorf("%s: error is %v", text, err)
		}
	}
	_, _, err := generate(t, "projects: [libvirt]\ngitlab: {namespace: 5, project: p}\ntargets: {}\n")
	if err == nil || !strings.HasPrefix(err.Error(), "m.yml:2:21: gitlab.namespace: expected a string, got a number") {
		t.Errorf("namespace: error is %v", err)
	}
}

// D-37 is the second half of TestErrors.

func TestD38UnknownProjectsAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"projects: [libvirt, nosuch]\ngitlab: {namespace: n, project: p}\ntargets: {debian-12: x86_64, debian-13: x86_64}\n": "m.yml:1:21: projects[1]: unknown project 'nosuch' (target debian-12)",
		head + "targets: {debian-12: {projects: [libvir], jobs: [{arch: x86_64}]}}\n":                                        "m.yml:3:34: targets.debian-12.projects[0]: unknown project 'libvir' (target debian-12)",
		head + "targets: {debian-12: {projects: [all], jobs: [{arch: x86_64}]}}\n":                                           "m.yml:3:34: targets.debian-12.projects[0]: unknown project 'all' (target debian-12)",
	} {
		_, _, err := generate(t, text)
		if err == nil || err.Error() != want {
			t.Errorf("error is %v\nwant %s", err, want)
		}
	}
}

func TestD39DuplicateKeysAreToldOfAndAliasesAreCopies(t *testing.T) {
	for text, want := range map[string]string{
		"targets:\n  debian-12: x86_64\n  debian-12: s390x\n":                                 `m.yml:5:3: key "debian-12" appears twice, first in line 4: the last one counts`,
		"targets:\n  debian-12:\n    jobs:\n      - {arch: x86_64, suffix: -a, suffix: -b}\n": `m.yml:6:36: key "suffix" appears twice, first in line 6: the last one counts`,
		"targets: {}\ntargets:\n  debian-12: s390x\n":                                         `m.yml:4:1: key "targets" appears twice, first in line 3: the last one counts`,
	} {
		var warned []string
		m, err := Load([]byte(head+text), LoadOptions{File: "m.yml", Releases: catalogue(t), Warn: func(f *Error) { warned = append(warned, f.Error()) }})
		if err != nil || len(warned) != 1 || warned[0] != want {
			t.Errorf("%s: warned %q, %v", text, warned, err)
		}
		if err == nil && len(m.Targets) != 1 {
			t.Errorf("%s: targets %+v", text, m.Targets)
		}
	}
	_, files := mustGenerate(t, head+"targets:\n  debian-sid:\n    jobs: &j [{arch: x86_64}]\n  debian-12:\n    jobs: *j\n")
	p := readPipeline(t, files)
	if p["x86_64-debian-sid"]["allow_failure"] != true || p["x86_64-debian-12"]["allow_failure"] != false {
		t.Error("jobs that share a list share their defaults")
	}
}

func TestD40ImageNamesAreLowerCase(t *testing.T) {
	_, files := mustGenerate(t, strings.NewReplacer("namespace: n", "namespace: Ns", "project: p", "project: Proj").Replace(simple))
	p := readPipeline(t, files)
	image := p[".gitlab_native_build_job"]["variables"].(map[string]any)["IMAGE"]
	if image != "$CI_REGISTRY/$CONTAINER_UPSTREAM_NAMESPACE/proj/ci-$NAME:latest" {
		t.Errorf("image is %v", image)
	}
	if v := p["variables"]; v["RUN_UPSTREAM_NAMESPACE"] != "Ns" || v["CONTAINER_UPSTREAM_NAMESPACE"] != "ns" {
		t.Errorf("variables are %v", v)
	}
}

func TestD41BuildsCanBeOverriddenPerJob(t *testing.T) {
	text := strings.Replace(head, "project: p", "project: p, builds: false", 1)
	_, files := mustGenerate(t, text+"targets: {debian-12: {jobs: [{arch: x86_64, builds: true}, {arch: x86_64, suffix: -b}]}}\n")
	p := readPipeline(t, files)
	if p["x86_64-debian-12"] == nil || p["x86_64-debian-12-b"] != nil {
		t.Error("not the job's own value decides")
	}
	_, files = mustGenerate(t, text+"targets: {debian-12: x86_64}\n")
	for _, name := range names(files) {
		if strings.Contains(name, "build") && !strings.HasPrefix(name, "buildenv/") {
			t.Errorf("%s without any build job", name)
		}
	}
}

func TestD42ArchitecturesAreCheckedFirst(t *testing.T) {
	for arch, want := range map[string]string{
		"bogus":   "Unsupported architecture bogus (m.yml:3:22: targets.debian-12)",
		"mingw64": "Cannot cross compile for mingw64 on Debian (m.yml:3:22: targets.debian-12)",
	} {
		_, _, err := load(t, head+"targets: {debian-12: "+arch+"}\n")
		if err == nil || err.Error() != want {
			t.Errorf("%s: error is %v", arch, err)
		}
	}
}

func TestFirstManifestHasEachTargetOnce(t *testing.T) {
	text, err := First(Start{Namespace: "a", Project: "b", Targets: []string{"debian-13", "fedora-44", "debian-13"}}, catalogue(t))
	if err != nil || strings.Count(string(text), "\n  debian-13: x86_64\n") != 1 || !strings.Contains(string(text), "\n  fedora-44: x86_64\n") {
		t.Errorf("%v: %s", err, text)
	}
}

// TestFirstManifestIsValid: each target has its own architecture, and the error for one that
// does not exist names no line of a file that does not exist either.
func TestFirstManifestIsValid(t *testing.T) {
	text, err := First(Start{Namespace: "a", Project: "b", Targets: catalogue(t).Names()}, catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := load(t, string(text)); err != nil || !strings.Contains(string(text), "\n  macos-14: aarch64\n") {
		t.Errorf("%v: %s", err, text)
	}
	_, err = First(Start{Namespace: "a", Project: "b", Targets: []string{"debian-9", "nosuch", "nosuch"}}, catalogue(t))
	if err == nil || err.Error() != "--targets: Invalid target 'debian-9'\n--targets: Invalid target 'nosuch'" || !strings.HasPrefix(diag.Hint(err), "targets of debian: ") {
		t.Errorf("%v, hint %q", err, diag.Hint(err))
	}
	if _, err := First(Start{Namespace: "a", Project: "a/b"}, catalogue(t)); err == nil || !strings.HasPrefix(err.Error(), `--project: expected a name without "/", got "a/b"`) {
		t.Error(err)
	}
}

func TestProjectName(t *testing.T) {
	for name, want := range map[string]string{
		"hello": "hello", "My project: x": "My-project-x", "a—b": "a-b", "c++": "c", "-x-": "x", "v1.0_rc": "v1.0_rc",
		"/": "", "…": "", "Ünï": "", "Проект": "", "nai\u0308ve": "", "x²": "",
	} {
		if got := ProjectName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
