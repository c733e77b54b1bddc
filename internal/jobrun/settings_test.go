// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestSwitches: a switch has the values that strconv.ParseBool knows, and its default
// otherwise.
func TestSwitches(t *testing.T) {
	r := newHarness(t).Runner
	for text, want := range map[string]bool{"true": true, "1": true, "TRUE": true, "T": true, "false": false, "0": false, "False": false, "": false, "yes": false} {
		j := job("x", nil)
		j.Variables = gitlabci.NewVariableSet(
			gitlabci.Variable{Name: "CI_DEBUG_TRACE", Value: text}, gitlabci.Variable{Name: "FF_SCRIPT_SECTIONS", Value: text},
			gitlabci.Variable{Name: "FF_ENABLE_BASH_EXIT_CODE_CHECK", Value: text})
		env := r.environment(j)
		s, _ := r.stages(j, env)
		if s.trace != want || s.sections != want || s.checks != want {
			t.Errorf("%q: %+v", text, s)
		}
		if got := value(env, "FF_SCRIPT_SECTIONS"); got != map[bool]string{true: "true", false: "false"}[want] {
			t.Errorf("%q: a flag is %q", text, got)
		}
	}
	r.Tree.Snapshot = &checkout.Snapshot{}
	for text, want := range map[string]bool{"false": true, "0": true, "F": true, "": false, "no": false, "1": false} {
		if c, err := r.checkoutFor(treeDir, []string{"GIT_CHECKOUT=" + text}); err != nil || c.NoCheckout != want {
			t.Errorf("GIT_CHECKOUT=%s: %v, %v", text, c.NoCheckout, err)
		}
	}
	if got := value(r.environment(job("x", nil)), "FF_USE_FASTZIP"); got != "true" {
		t.Errorf("a flag that is on by default is %q", got)
	}
}

// TestRunnersOwnVariables: the runner sets some variables after those of the job.
func TestRunnersOwnVariables(t *testing.T) {
	j := job("x", nil)
	j.Variables = gitlabci.NewVariableSet(
		gitlabci.Variable{Name: "CI_RUNNER_VERSION", Value: "1", From: gitlabci.FromPipeline},
		gitlabci.Variable{Name: "CI_RUNNER_TAGS", Value: "a", From: gitlabci.FromPipeline})
	env := newHarness(t).environment(j)
	if value(env, "CI_RUNNER_VERSION") != runnerVersion || value(env, "CI_RUNNER_TAGS") != "a" {
		t.Error(env)
	}
}

// TestJobImage: a job without an image of its own has no CI_JOB_IMAGE, others see the name in
// the pipeline.
func TestJobImage(t *testing.T) {
	r := newHarness(t).Runner
	for text, want := range map[string]string{"image: alpine:3, ": "alpine:3", "": "", "image: {name: $I}, variables: {I: x}, ": "x"} {
		j := &Job{Job: evaluated(t, "j: {"+text+"script: [x]}\n").Jobs[0], Image: Image{Reference: "local"}}
		if got, set := lookup(r.environment(j), "CI_JOB_IMAGE"); got != want || set != (want != "") {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestCheckoutSettings(t *testing.T) {
	r := newHarness(t).Runner
	r.Tree.Writable, r.Tree.Snapshot = false, &checkout.Snapshot{}
	for _, c := range []struct {
		env              string
		strategy         string
		depth, submodule int
		dir              string
	}{
		{"", "", 20, 20, treeDir},
		{"GIT_STRATEGY=Clone", "", 20, 20, treeDir},
		{"GIT_STRATEGY=none", "none", 20, 20, treeDir},
		{"GIT_STRATEGY=empty", "empty", 20, 20, treeDir + "-empty"},
		{"GIT_STRATEGY=empty GIT_CLONE_PATH=/builds/x", "empty", 20, 20, "/builds/x"},
		{"GIT_STRATEGY=none GIT_SUBMODULE_STRATEGY=other", "none", 20, 20, treeDir},
		{"GIT_DEPTH=", "", 0, 0, treeDir},
		{"GIT_DEPTH=full", "", 0, 0, treeDir},
		{"GIT_DEPTH=-1", "", 0, 0, treeDir},
		{"GIT_DEPTH=+7", "", 7, 7, treeDir},
		{"GIT_DEPTH=30x", "", 30, 30, treeDir},
		{"GIT_DEPTH=99999999999999999999", "", 1<<31 - 1, 1<<31 - 1, treeDir},
		{"GIT_FETCH_EXTRA_FLAGS=--depth=5", "", 5, 20, treeDir},
		{"GIT_DEPTH=3 GIT_FETCH_EXTRA_FLAGS=--depth=5", "", 5, 3, treeDir},
		{"GIT_DEPTH=0 GIT_FETCH_EXTRA_FLAGS=--depth=5", "", 0, 0, treeDir},
		{"GIT_STRATEGY=none GIT_FETCH_EXTRA_FLAGS=--unshallow", "none", 20, 20, treeDir},
		{"GIT_STRATEGY=clone FF_USE_GIT_NATIVE_CLONE=true GIT_FETCH_EXTRA_FLAGS=--depth=5", "clone", 20, 20, treeDir},
		{"GIT_STRATEGY=clone FF_USE_GIT_NATIVE_CLONE=true GIT_CLONE_EXTRA_FLAGS=--depth=5", "clone", 5, 20, treeDir},
		{"GIT_STRATEGY=clone FF_USE_GIT_NATIVE_CLONE=true GIT_DEPTH=0 GIT_CLONE_EXTRA_FLAGS=--depth=5", "clone", 5, 0, treeDir},
		{"GIT_STRATEGY=clone GIT_CLONE_EXTRA_FLAGS=--depth=5", "clone", 20, 20, treeDir},
		{"GIT_SUBMODULE_UPDATE_FLAGS=--depth=4", "", 20, 4, treeDir},
		{"GIT_SUBMODULE_DEPTH=3 GIT_SUBMODULE_UPDATE_FLAGS=--depth=4", "", 20, 4, treeDir},
		{"GIT_DEPTH=0 GIT_SUBMODULE_UPDATE_FLAGS=--depth=4", "", 0, 4, treeDir},
		{"GIT_SUBMODULE_DEPTH=", "", 20, 20, treeDir},
		{"GIT_SUBMODULE_DEPTH=x", "", 20, 20, treeDir},
		{"GIT_SUBMODULE_DEPTH=-1", "", 20, 0, treeDir},
		{"GIT_SUBMODULE_DEPTH=3", "", 20, 3, treeDir},
	} {
		env := strings.Fields(c.env)
		got, err := r.checkoutFor(treeDir, env)
		dir, dirErr := r.dir(env)
		if err != nil || dirErr != nil || got.Strategy != c.strategy || got.Depth != c.depth || got.Submodules.Depth != c.submodule || dir != c.dir {
			t.Errorf("%s: %q, %d, %d at %s, %v, %v", c.env, got.Strategy, got.Depth, got.Submodules.Depth, dir, err, dirErr)
		}
	}
}

func TestTagsOfFetchFlags(t *testing.T) {
	r := newHarness(t).Runner
	r.Tree.Snapshot = &checkout.Snapshot{}
	for flags, want := range map[string]checkout.Tags{
		"": checkout.TagsOfHistory, "none": checkout.TagsOfHistory, "--prune --quiet --no-tags": checkout.NoTags, "-n": checkout.NoTags,
		"--tags": checkout.AllTags, "--no-tags --tags": checkout.AllTags,
	} {
		if got, err := r.checkoutFor(treeDir, []string{"GIT_FETCH_EXTRA_FLAGS=" + flags}); err != nil || got.Tags != want {
			t.Errorf("%q: %v, %v", flags, got.Tags, err)
		}
	}
	for flags, want := range map[string]checkout.Tags{"": checkout.TagsOfHistory, "--no-tags": checkout.NoTags, "--tags": checkout.TagsOfHistory, "-n": checkout.TagsOfHistory} {
		env := []string{"GIT_STRATEGY=clone", "FF_USE_GIT_NATIVE_CLONE=1", "GIT_FETCH_EXTRA_FLAGS=--tags", "GIT_CLONE_EXTRA_FLAGS=" + flags}
		if got, err := r.checkoutFor(treeDir, env); err != nil || got.Tags != want {
			t.Errorf("git clone %q: %v, %v", flags, got.Tags, err)
		}
	}
	for env, want := range map[string]checkout.Tags{
		"GIT_FETCH_EXTRA_FLAGS=--no-tags": checkout.AllTags, "GIT_STRATEGY=clone GIT_FETCH_EXTRA_FLAGS=-n": checkout.AllTags,
		"GIT_STRATEGY=clone FF_USE_GIT_NATIVE_CLONE=1 GIT_CLONE_EXTRA_FLAGS=--no-tags": checkout.NoTags,
	} {
		if got, err := r.checkoutFor(treeDir, strings.Fields("GIT_DEPTH=0 "+env)); err != nil || got.Tags != want {
			t.Errorf("whole history, %s: %v, %v", env, got.Tags, err)
		}
	}
	if got, err := r.checkoutFor(treeDir, []string{"GIT_FETCH_EXTRA_FLAGS=--quiet --depth 7 -n"}); err != nil || got.Depth != 7 {
		t.Errorf("depth %d, %v", got.Depth, err)
	}
}

// TestFetchFlags: git fetch fails with some flags, as it gets the depth of GIT_DEPTH before
// them.
func TestFetchFlags(t *testing.T) {
	r := newHarness(t).Runner
	r.Tree.Snapshot = &checkout.Snapshot{}
	for flags, want := range map[string]bool{
		"--unshallow": false, "--depth=x": false, "--depth 0": false, "--depth -1": false, "--quiet --depth": false, "--deepen=3": false,
		"--depth=3 --prune": true, "--depth 3": true, "none": true, "": true, "--filter=blob:none": true,
	} {
		if _, err := r.checkoutFor(treeDir, []string{"GIT_FETCH_EXTRA_FLAGS=" + flags}); (err == nil) != want {
			t.Errorf("%q: %v", flags, err)
		}
	}
	for flags, want := range map[string]bool{"--depth 0": false, "--depth=x": false, "--depth=3 --filter=blob:none": true, "none": true} {
		if _, err := r.checkoutFor(treeDir, []string{"GIT_STRATEGY=clone", "FF_USE_GIT_NATIVE_CLONE=1", "GIT_CLONE_EXTRA_FLAGS=" + flags}); (err == nil) != want {
			t.Errorf("git clone %q: %v", flags, err)
		}
	}
	for flags, want := range map[string]bool{"--unshallow": false, "--deepen=3": true} {
		if _, err := r.checkoutFor(treeDir, []string{"GIT_DEPTH=0", "GIT_FETCH_EXTRA_FLAGS=" + flags}); (err == nil) != want {
			t.Errorf("without a depth, %q: %v", flags, err)
		}
	}
}

// TestWrittenDepth: GitLab reads GIT_DEPTH before it replaces variables in it.
func TestWrittenDepth(t *testing.T) {
	r := newHarness(t).Runner
	r.Tree.Snapshot = &checkout.Snapshot{}
	for _, c := range []struct {
		depth, env string
		want       int
	}{{"$D", "", 0}, {"${D}", "", 0}, {"3$D", "", 3}, {"7", "", 7}, {"$D", "GIT_DEPTH=2", 2}} {
		e := evaluated(t, "j: {script: [x], variables: {D: '5', GIT_DEPTH: '"+c.depth+"'}}\n")
		j := &Job{Job: e.Jobs[0], Env: strings.Fields(c.env)}
		env := r.environment(j)
		got, err := r.checkoutFor(treeDir, j.withWrittenDepth(env))
		if err != nil || got.Depth != c.want {
			t.Errorf("%s, %s: depth %d, %v", c.depth, c.env, got.Depth, err)
		}
		if seen := value(env, "GIT_DEPTH"); strings.Contains(seen, "$") {
			t.Errorf("%s: the job sees %s", c.depth, seen)
		}
	}
}

// evaluated returns the pipeline of a file.
func evaluated(t *testing.T, text string) *gitlabci.Evaluation {
	t.Helper()
	p, err := gitlabci.Load(fstest.MapFS{".gitlab-ci.yml": {Data: []byte(text)}}, ".gitlab-ci.yml", gitlabci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Evaluate(gitlabci.Event{})
}

// TestTimeoutInAfterScript: a job whose time ends in after_script has timed out.
func TestTimeoutInAfterScript(t *testing.T) {
	for _, c := range []struct {
		limit  time.Duration
		own    string
		script int
		after  time.Duration
		want   outcome.State
	}{
		{time.Minute, "", 0, time.Minute, outcome.TimedOut},
		{time.Minute, "", 3, time.Minute, outcome.TimedOut},
		{time.Minute, "2s", 0, 2 * time.Second, outcome.Passed},
		{time.Hour, "", 3, 5 * time.Minute, outcome.Failed},
		{10 * time.Minute, "15m", 0, 5 * time.Minute, outcome.Passed},
	} {
		h := newHarness(t)
		h.writes(c.script, "out")
		write := h.engine.stage
		h.engine.stage = func(ctx context.Context, k *memoryContainer, name, status string) error {
			if name == "after_script" {
				k.files[stepsFile] = "script 1 1.0\nscript end 2.0\nafter_script 1 3.0\n"
				return api.ErrTimeout
			}
			return write(ctx, k, name, status)
		}
		j := job("x", &gitlabci.Artifacts{When: "always", Paths: []string{"out"}})
		j.Timeout, j.AfterScript = c.limit, []string{"sleep 1000"}
		j.Variables = gitlabci.NewVariableSet(gitlabci.Variable{Name: "RUNNER_AFTER_SCRIPT_TIMEOUT", Value: c.own})
		result, out := h.Run(t.Context(), j, scheduler.Streams{})
		command := map[outcome.State]string{outcome.TimedOut: "sleep 1000", outcome.Failed: "true"}[c.want]
		if c.script != 0 {
			command = "true" // which failed first
		}
		if out.Command != command {
			t.Errorf("%v, %q: command %q, want %q", c.limit, c.own, out.Command, command)
		}
		got := h.engine.last().limits[1]
		if result.State != c.want || got > c.after || got < c.after-10*time.Second || (h.stored(t, "x") == "") != (c.want == outcome.TimedOut) {
			t.Errorf("%v, %q: %s, limit %v, stored %q", c.limit, c.own, result.State, got, h.stored(t, "x"))
		}
	}
}

// TestFailedHook: after a failure before the script, nothing else of the job's runs.
func TestFailedHook(t *testing.T) {
	h := newHarness(t)
	h.engine.stage = func(context.Context, *memoryContainer, string, string) error { return exits(4) }
	j := job("x", nil)
	j.PreGetSources, j.AfterScript = []string{"exit 4"}, []string{"true"}
	result, _ := h.Run(t.Context(), j, scheduler.Streams{})
	if c := h.engine.last(); result.State != outcome.Failed || result.Code != 4 || !slices.Equal(c.stages, []string{"pre_get_sources_script running"}) {
		t.Errorf("%s, %q", result.Text(), c.stages)
	}
}

// TestHookAttempts: GET_SOURCES_ATTEMPTS repeats the hook, but not after an error of the engine.
func TestHookAttempts(t *testing.T) {
	broken := errors.New("the engine broke")
	for _, c := range []struct {
		attempts string
		results  []error // of the hook
		runs     int
		state    outcome.State
	}{
		{"2", []error{exits(4), nil}, 2, outcome.Passed},
		{"2", []error{exits(4), exits(5), nil}, 2, outcome.Failed},
		{"", []error{exits(4), nil}, 1, outcome.Failed},
		{"x", []error{exits(4), nil}, 1, outcome.Failed},
		{"0", []error{exits(4), nil}, 1, outcome.Failed},
		{"3", []error{broken, nil}, 1, outcome.EngineError},
	} {
		h := newHarness(t)
		runs := 0
		h.engine.stage = func(_ context.Context, _ *memoryContainer, name, _ string) error {
			if name != "pre_get_sources_script" {
				return nil
			}
			runs++
			return c.results[runs-1]
		}
		j := job("x", nil)
		j.PreGetSources = []string{"./hook"}
		j.Env = []string{"GET_SOURCES_ATTEMPTS=" + c.attempts, "FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY=false"}
		if result, _ := h.Run(t.Context(), j, scheduler.Streams{}); result.State != c.state || runs != c.runs {
			t.Errorf("%q: %s after %d runs", c.attempts, result.Text(), runs)
		}
	}
}

// TestNoLimitOnArtifacts: artifacts may take long, unless the run was stopped.
func TestNoLimitOnArtifacts(t *testing.T) {
	h := newHarness(t)
	h.writes(0, "out")
	h.Run(t.Context(), job("x", &gitlabci.Artifacts{When: "always", Paths: []string{"out"}}), scheduler.Streams{})
	if h.engine.last().hurried {
		t.Error("artifacts are copied with a time limit")
	}
	ctx, stop := context.WithCancel(t.Context())
	longer, cancel := outlasting(ctx, time.Millisecond)
	defer cancel()
	time.Sleep(20 * time.Millisecond)
	if longer.Err() != nil {
		t.Error("it ended before its parent")
	}
	stop()
	<-longer.Done()
	other, cancel := outlasting(ctx, time.Hour)
	if other.Err() != nil {
		t.Error("it ended with its parent")
	}
	cancel()
	<-other.Done()
}

// TestNoEffect: a setting that has no effect is a warning.
func TestNoEffect(t *testing.T) {
	for env, want := range map[string]bool{
		"FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR=1": true, "FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR=false": false, "": false,
		"GIT_SUBMODULE_STRATEGY=normal,GIT_SUBMODULE_UPDATE_FLAGS=--jobs 4 --remote":                   true,
		"GIT_SUBMODULE_STRATEGY=recursive,GIT_SUBMODULE_UPDATE_FLAGS=--jobs 4":                         false,
		"GIT_SUBMODULE_UPDATE_FLAGS=--remote":                                                          false,
		"GIT_STRATEGY=none,GIT_SUBMODULE_STRATEGY=normal,GIT_SUBMODULE_UPDATE_FLAGS=--remote --jobs 4": false,
	} {
		h := newHarness(t)
		j := job("x", nil)
		j.Env = strings.Split(env, ",")
		h.Run(t.Context(), j, scheduler.Streams{})
		if got := strings.Contains(h.warnings.String(), "has no effect here"); got != want {
			t.Errorf("%q: warned %q", env, h.warnings.String())
		}
	}
}

// TestEnginesOwnVariables: a job has no variables of podman's, but those of its image.
func TestEnginesOwnVariables(t *testing.T) {
	for env, want := range map[string]string{"": "TERM container", "PATH=/bin,container=oci": "TERM", "TERM=linux,container=": ""} {
		h := newHarness(t)
		h.engine.env = strings.Split(env, ",")
		h.Run(t.Context(), job("x", nil), scheduler.Streams{})
		if got := strings.Join(h.engine.last().options.Session.Unset, " "); got != want {
			t.Errorf("%s: unset %q, want %q", env, got, want)
		}
	}
}

// TestSkippedSmudge: a job that wants no files from Git LFS gets them, with a warning.
func TestSkippedSmudge(t *testing.T) {
	for _, c := range []struct {
		env, attributes string
		writable, want  bool
	}{
		{"GIT_LFS_SKIP_SMUDGE=1", "*.png filter=lfs diff=lfs\n", false, true},
		{"GIT_LFS_SKIP_SMUDGE=1", "*.png filter=lfs diff=lfs\n", true, false},
		{"GIT_LFS_SKIP_SMUDGE=0", "*.png filter=lfs\n", false, false},
		{"GIT_LFS_SKIP_SMUDGE=true GIT_STRATEGY=none", "*.png filter=lfs\n", false, false},
		{"GIT_LFS_SKIP_SMUDGE=true", "*.png binary\n", false, false},
		{"GIT_LFS_SKIP_SMUDGE=true", "", false, false},
	} {
		h := newHarness(t)
		h.Tree.Writable = c.writable
		if c.attributes != "" {
			if err := os.WriteFile(filepath.Join(h.Tree.Dir, ".gitattributes"), []byte(c.attributes), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		j := job("x", nil)
		j.Env = strings.Fields(c.env)
		if _, err := h.setUp(j); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(h.warnings.String(), "GIT_LFS_SKIP_SMUDGE has no effect here"); got != c.want {
			t.Errorf("%+v: warned %q", c, h.warnings.String())
		}
	}
}

// TestNetworkPerBuild: with this flag, services find the job by a name.
func TestNetworkPerBuild(t *testing.T) {
	for flag, want := range map[string]string{"true": "web:127.0.0.1 build:127.0.0.1", "1": "web:127.0.0.1 build:127.0.0.1", "false": "web:127.0.0.1", "": "web:127.0.0.1"} {
		j := job("x", nil)
		j.Env, j.services = []string{"FF_NETWORK_PER_BUILD=" + flag}, []*service{{aliases: []string{"web"}}}
		env, err := newHarness(t).setUp(j)
		if got := strings.Join(j.hosts(), " "); err != nil || got != want || (value(env, "CI_BUILD_NETWORK_NAME") != "") != j.ownNetwork {
			t.Errorf("%q: hosts %s, %v", flag, got, err)
		}
		j.services = []*service{{aliases: []string{"build"}}}
		if len(j.hosts()) != 1 {
			t.Errorf("%q: hosts %q", flag, j.hosts())
		}
	}
}

// TestDockerEnv: scripts look for the file that Docker has in each container.
func TestDockerEnv(t *testing.T) {
	h := newHarness(t)
	h.Run(t.Context(), job("x", nil), scheduler.Streams{})
	found := false
	for _, tree := range h.engine.last().options.Trees {
		var archive bytes.Buffer
		if err := tree.Tar(t.Context(), &archive); err != nil {
			t.Fatal(err)
		}
		in := tar.NewReader(&archive)
		for h, err := in.Next(); err == nil; h, err = in.Next() {
			found = found || tree.Target == "/" && h.Name == ".dockerenv" && h.Typeflag == tar.TypeReg && h.Size == 0 && slices.Contains(tree.Mounted, "/.dockerenv")
		}
	}
	if !found {
		t.Error("no /.dockerenv")
	}
}

// TestCapabilities: root has those that it has with Docker.
func TestCapabilities(t *testing.T) {
	for user, want := range map[string]string{"": "NET_RAW AUDIT_WRITE", "0": "NET_RAW AUDIT_WRITE", "root": "NET_RAW AUDIT_WRITE", "0:0": "NET_RAW AUDIT_WRITE", "root:root": "NET_RAW AUDIT_WRITE", "0:1000": "NET_RAW AUDIT_WRITE", "guest": "", "1000:0": "", "guest:root": ""} {
		h := newHarness(t)
		h.engine.user = user
		h.Run(t.Context(), job("x", nil), scheduler.Streams{})
		if got := strings.Join(h.engine.last().options.CapAdd, " "); got != want {
			t.Errorf("user %q: %s", user, got)
		}
	}
}

// TestOwnProjectDir: as with the runner, a job may set CI_PROJECT_DIR, which moves nothing.
func TestOwnProjectDir(t *testing.T) {
	for from, want := range map[string]string{gitlabci.FromGitLab: treeDir, gitlabci.FromJob: "/own", gitlabci.FromPipeline: "/own"} {
		h := newHarness(t)
		j := job("x", nil)
		j.Variables = gitlabci.NewVariableSet(gitlabci.Variable{Name: "CI_PROJECT_DIR", Value: "/own", From: from})
		_, out := h.Run(t.Context(), j, scheduler.Streams{})
		if got := value(out.Env, "CI_PROJECT_DIR"); got != want || out.Dir != treeDir {
			t.Errorf("%s: %s in %s", from, got, out.Dir)
		}
	}
}

// TestLinksAsArtifacts: a path that is a symbolic link means the link, not what it leads to,
// unless a pattern asks for files below it.
func TestLinksAsArtifacts(t *testing.T) {
	for path, want := range map[string]string{
		"lib/libx.so": "lib/libx.so -> libx.so.1",
		"lib/abs":     "lib/abs -> ../lib/libx.so.1",
		"lib/up":      "lib/up -> ../src/y",
		"top":         "top -> src",
		"top/*.c":     "top/x.c",
		"lib/out":     "",
	} {
		h := newHarness(t)
		h.writes(0, "lib/libx.so.1", "lib/libx.so", "top/x.c")
		write := h.engine.stage
		h.engine.stage = func(ctx context.Context, k *memoryContainer, name, status string) error {
			k.links = map[string]string{
				treeDir + "/lib/libx.so": "libx.so.1", treeDir + "/lib/abs": treeDir + "/lib/libx.so.1", treeDir + "/lib/up": "../src/y",
				treeDir + "/top": "src", treeDir + "/lib/out": "/etc/passwd",
			}
			return write(ctx, k, name, status)
		}
		h.Run(t.Context(), job("x", &gitlabci.Artifacts{When: "always", Paths: []string{path}}), scheduler.Streams{})
		got := h.stored(t, "x")
		if target, err := os.Readlink(filepath.Join(h.Artifacts.Dir("x"), got)); err == nil {
			got += " -> " + target
		}
		if got != want {
			t.Errorf("%s: %q, want %q; %s", path, got, want, h.warnings.String())
		}
	}
}

// TestLinkInPlaceOfArtifacts: processes that a job with --writable has left can put
// a link in the place of the directory that its artifacts are copied to.
func TestLinkInPlaceOfArtifacts(t *testing.T) {
	h := newHarness(t)
	h.writes(0, "a/x", "b/y", "b/empty/z")
	victim := t.TempDir()
	if err := os.Mkdir(filepath.Join(victim, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(victim, 0o700); err != nil {
		t.Fatal(err)
	}
	h.engine.got = func(from string) {
		work, err := filepath.Glob(filepath.Join(h.Project, artifacts.Below, ".new-*", "files"))
		if err != nil || len(work) != 1 {
			return
		}
		if err := errors.Join(os.Rename(work[0], work[0]+"-aside"), os.Symlink(victim, work[0])); err != nil {
			t.Error(err)
		}
		h.engine.got = nil
	}
	result, _ := h.Run(t.Context(), job("x", &gitlabci.Artifacts{When: "always", Paths: []string{"a", "b"}}), scheduler.Streams{})
	if result.State == outcome.Passed {
		t.Error("passed without artifacts")
	}
	if got := strings.Join(filesIn(t, victim), " "); got != "" {
		t.Errorf("written elsewhere: %s", got)
	}
	for _, name := range []string{victim, filepath.Join(victim, "empty")} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
