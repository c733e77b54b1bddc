// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

// filesIn returns the files of a directory, none if it does not exist.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, err := filepath.Rel(dir, name)
			files = append(files, filepath.ToSlash(rel))
			return err
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

// TestReportsAreNotExcluded: exclude means the archive, not the reports, and a later job gets
// only the archive.
func TestReportsAreNotExcluded(t *testing.T) {
	h := newHarness(t)
	h.writes(0, "out/a", "out/b.xml", "x.env")
	a := &gitlabci.Artifacts{When: "always", Paths: []string{"out"}, Exclude: []string{"out/*.xml", "*.env"}, Reports: []gitlabci.Report{{Kind: "junit", Paths: []string{"out/*.xml"}}, {Kind: "x", Paths: []string{"x.env"}}}}
	j := job("x", a)
	_, out := h.Run(t.Context(), j, scheduler.Streams{})
	if got := h.stored(t, "x"); got != "out/a out/b.xml x.env" || strings.Join(out.JUnit, " ") != "out/b.xml" {
		t.Errorf("stored %s, junit %q", got, out.JUnit)
	}
	h.engine.stage = nil
	h.Run(t.Context(), &Job{Job: gitlabci.Job{Name: "y", Script: []string{"true"}}, Image: Image{Reference: "image"}, Runs: true, ArtifactsFrom: []*Job{j}}, scheduler.Streams{})
	var got []string
	for name := range h.engine.last().files {
		if strings.HasPrefix(name, treeDir+"/") {
			got = append(got, name)
		}
	}
	if len(got) != 1 || got[0] != treeDir+"/out/a" || h.warnings.Len() > 0 {
		t.Errorf("a later job gets %q; %s", got, h.warnings.String())
	}
}

func TestArtifactsByOutcome(t *testing.T) {
	timeout := fmt.Errorf("container c: %w", api.ErrTimeout)
	broken := errors.New("the engine broke")
	for _, c := range []struct {
		when  string
		err   error
		state outcome.State
		want  string
	}{
		{"on_success", nil, outcome.Passed, "out/a report.xml"},
		{"on_success", exits(1), outcome.Failed, "report.xml"},
		{"on_failure", nil, outcome.Passed, "report.xml"},
		{"on_failure", exits(1), outcome.Failed, "out/a report.xml"},
		{"always", nil, outcome.Passed, "out/a report.xml"},
		{"always", exits(1), outcome.Failed, "out/a report.xml"},
		{"always", timeout, outcome.TimedOut, ""}, // GitLab gives up a job that used all its time
		{"always", broken, outcome.EngineError, ""},
	} {
		h := newHarness(t)
		j := job("build", &gitlabci.Artifacts{When: c.when, Paths: []string{"out"}, Exclude: []string{"out/*.o"}, Reports: []gitlabci.Report{{Kind: "junit", Paths: []string{"report.xml"}}}})
		h.writes(0, "out/a", "out/b.o", "other", "report.xml")
		write := h.engine.stage
		h.engine.stage = func(ctx context.Context, k *memoryContainer, name, status string) error {
			_ = write(ctx, k, name, status)
			return c.err
		}
		result, out := h.Run(t.Context(), j, scheduler.Streams{})
		if result.State != c.state {
			t.Errorf("%s, %v: %s, %v", c.when, c.err, result.State, result.Err)
		}
		if got := h.stored(t, "build"); got != c.want {
			t.Errorf("%s, %s: stored %q, want %q", c.when, c.state, got, c.want)
		}
		if c.want != "" && (out.Artifacts != h.Artifacts.Dir("build") || !slices.Equal(out.JUnit, []string{"report.xml"})) {
			t.Errorf("%s, %s: %q, %q", c.when, c.state, out.Artifacts, out.JUnit)
		}
		if h.warnings.Len() > 0 {
			t.Errorf("%s, %s: %s", c.when, c.state, h.warnings.String())
		}
	}
}

// TestScriptTimeoutLeavesArtifacts: after RUNNER_SCRIPT_TIMEOUT, the other stages still run.
func TestScriptTimeoutLeavesArtifacts(t *testing.T) {
	h := newHarness(t)
	j := job("build", &gitlabci.Artifacts{When: "on_failure", Paths: []string{"log"}})
	j.AfterScript = []string{"true"}
	j.Variables = gitlabci.NewVariableSet(gitlabci.Variable{Name: "RUNNER_SCRIPT_TIMEOUT", Value: "5m"})
	h.engine.stage = func(_ context.Context, c *memoryContainer, name, _ string) error {
		c.files[treeDir+"/log"] = "x"
		if name == "script" {
			return fmt.Errorf("container c: %w", api.ErrTimeout)
		}
		return nil
	}
	result, _ := h.Run(t.Context(), j, scheduler.Streams{})
	c := h.engine.last()
	if result.State != outcome.TimedOut || !slices.Equal(c.stages, []string{"script running", "after_script timedout"}) || h.stored(t, "build") != "log" {
		t.Errorf("%s, %q, %q", result.State, c.stages, h.stored(t, "build"))
	}
	if c.limits[0] != 5*time.Minute || c.limits[1] != 5*time.Minute {
		t.Errorf("limits %v", c.limits)
	}
}

// TestTimeout: the shorter of the job's and the user's limit applies, and the error names
// it.
func TestTimeout(t *testing.T) {
	for _, c := range []struct{ job, user, want time.Duration }{
		{0, 0, time.Hour},
		{time.Minute, 0, time.Minute},
		{time.Minute, time.Second, time.Second},
		{time.Minute, 2 * time.Minute, time.Minute},
		{0, 2 * time.Hour, time.Hour},
	} {
		h := newHarness(t)
		h.Limits.Timeout = c.user
		j := job("slow", nil)
		j.Timeout, j.AfterScript = c.job, []string{"true"}
		h.engine.stage = func(context.Context, *memoryContainer, string, string) error { return api.ErrTimeout }
		result, _ := h.Run(t.Context(), j, scheduler.Streams{})
		k := h.engine.last()
		if result.State != outcome.TimedOut || k.limits[0] != c.want || len(k.stages) != 1 {
			t.Errorf("%v and %v: %s, limits %v, stages %q", c.job, c.user, result.State, k.limits, k.stages)
		}
		if result.Err == nil || !strings.Contains(result.Err.Error(), outcome.Elapsed(c.want)) && !strings.Contains(result.Err.Error(), c.want.String()) {
			t.Errorf("%v and %v: %v", c.job, c.user, result.Err)
		}
	}
}

// TestStaleArtifacts: artifacts of an earlier run are not taken for those of this run.
func TestStaleArtifacts(t *testing.T) {
	a := &gitlabci.Artifacts{When: "on_success", Paths: []string{"out"}, Exclude: []string{"out/*.o"}}
	h := newHarness(t)
	build, use := job("build", a), job("use", nil)
	use.ArtifactsFrom, use.Dependencies = []*Job{build}, []string{"build"}
	h.writes(0, "out/a", "out/b.o")
	h.Run(t.Context(), build, scheduler.Streams{})
	if got := h.stored(t, "build"); got != "out/a" {
		t.Fatalf("stored %q", got)
	}
	h.writes(0)
	h.Run(t.Context(), use, scheduler.Streams{})
	if c := h.engine.last(); c.files[treeDir+"/out/a"] != "text of out/a" || len(c.files) != 1 || h.warnings.Len() > 0 {
		t.Errorf("handed on: %q, warnings %s", c.files, h.warnings.String())
	}
	h.writes(1, "out/a")
	h.Run(t.Context(), build, scheduler.Streams{})
	if got := h.stored(t, "build"); got != "" {
		t.Errorf("after a failure: %q", got)
	}
	h.writes(0)
	h.Run(t.Context(), use, scheduler.Streams{})
	if c := h.engine.last(); len(c.files) != 0 || h.warnings.String() != "use: job \"build\" has left no artifacts here\n" {
		t.Errorf("handed on: %q, warnings %s", c.files, h.warnings.String())
	}
}

// TestArtifactsOfAnEarlierRun are used only for a job that is not part of this run.
func TestArtifactsOfAnEarlierRun(t *testing.T) {
	for _, runs := range []bool{false, true} {
		h := newHarness(t)
		build := job("build", &gitlabci.Artifacts{When: "on_success", Paths: []string{"out"}})
		h.writes(0, "out")
		h.Run(t.Context(), build, scheduler.Streams{})
		h.Artifacts = artifacts.In(h.Project) // as in another process
		use := job("use", nil)
		use.ArtifactsFrom, build.Runs = []*Job{build}, runs
		h.writes(0)
		h.Run(t.Context(), use, scheduler.Streams{})
		if got := h.engine.last().files[treeDir+"/out"] != ""; got == runs {
			t.Errorf("runs %v: handed on %v", runs, got)
		}
	}
}

// TestKeep: containers of failed and timed-out jobs are kept if the user wants that, all
// others are removed.
func TestKeep(t *testing.T) {
	failed, slow := exits(3), fmt.Errorf("c: %w", api.ErrTimeout)
	for _, c := range []struct {
		name    string
		keep    bool
		err     error
		keepErr error
		want    bool
	}{
		{"failed", true, failed, nil, true},
		{"timed out", true, slow, nil, true},
		{"passed", true, nil, nil, false},
		{"engine error", true, errors.New("broken"), nil, false},
		{"not wanted", false, failed, nil, false},
		{"cannot be kept", true, failed, errors.New("no space"), false},
	} {
		h := newHarness(t)
		h.Keep, h.engine.keepErr = c.keep, c.keepErr
		h.engine.stage = func(context.Context, *memoryContainer, string, string) error { return c.err }
		_, out := h.Run(t.Context(), job("x", nil), scheduler.Streams{})
		k := h.engine.last()
		if k.kept != c.want || k.removed == c.want || (out.Container == "kept-"+k.name) != c.want {
			t.Errorf("%s: kept %v, removed %v, %q", c.name, k.kept, k.removed, out.Container)
		}
		if (h.warnings.Len() > 0) != (c.keepErr != nil) {
			t.Errorf("%s: %s", c.name, h.warnings.String())
		}
	}
}

// TestRetriedJobsAreKeptOnce: only the last attempt of a job keeps its container.
func TestRetriedJobsAreKeptOnce(t *testing.T) {
	h := newHarness(t)
	h.Keep = true
	h.writes(1)
	j := job("x", nil)
	j.Retry.Max = 2
	result, out := h.Run(t.Context(), j, scheduler.Streams{})
	var kept []bool
	for _, c := range h.engine.containers {
		kept = append(kept, c.kept)
	}
	if result.State != outcome.Failed || !slices.Equal(kept, []bool{false, false, true}) || out.Container != "kept-c2" {
		t.Errorf("%s, kept %v, %q", result.State, kept, out.Container)
	}
}

func TestStopped(t *testing.T) {
	h := newHarness(t)
	h.Keep = true
	ctx, cancel := context.WithCancel(t.Context())
	h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
		c.files[treeDir+"/out"] = "x"
		cancel()
		return context.Cause(ctx)
	}
	j := job("x", &gitlabci.Artifacts{When: "always", Paths: []string{"out"}})
	j.Retry.Max = 2
	result, _ := h.Run(ctx, j, scheduler.Streams{})
	c := h.engine.last()
	if result.State != outcome.Stopped || c.kept || !c.removed || h.stored(t, "x") != "" || len(h.engine.containers) != 1 {
		t.Errorf("%s, kept %v, removed %v, stored %q", result.State, c.kept, c.removed, h.stored(t, "x"))
	}
}

// TestDuration: the duration includes all attempts.
func TestDuration(t *testing.T) {
	const took = 20 * time.Millisecond
	h := newHarness(t)
	h.engine.stage = func(context.Context, *memoryContainer, string, string) error {
		time.Sleep(took)
		return exits(1)
	}
	j := job("x", nil)
	j.Retry.Max = 1
	result, out := h.Run(t.Context(), j, scheduler.Streams{})
	if result.Duration < 2*took {
		t.Errorf("took %v", result.Duration)
	}
	var script time.Duration
	for _, p := range out.Phases {
		if p.Name == "script" {
			script = p.Duration
		}
	}
	if script < took || script > result.Duration {
		t.Errorf("phases %v", out.Phases)
	}
}

// TestPackages: the result has the image's list of packages.
func TestPackages(t *testing.T) {
	h := newHarness(t)
	h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
		c.files["/packages.txt"] = "a 1\n\nb 2\n"
		return nil
	}
	_, out := h.Run(t.Context(), job("x", nil), scheduler.Streams{})
	if !slices.Equal(out.Packages, []string{"a 1", "b 2"}) || out.Dir != treeDir || out.ImageID != "id of image" {
		t.Errorf("%+v", out)
	}
}

func TestAfterScriptCountsIfTheJobSaysSo(t *testing.T) {
	for _, c := range []struct {
		ignore string
		script int
		state  outcome.State
		ended  []bool // whether each script that ended had passed: the first that did not explains the failure
	}{
		{"", 0, outcome.Passed, []bool{true}}, {"true", 0, outcome.Passed, []bool{true}},
		{"false", 0, outcome.Failed, []bool{true, false}}, {"false", 4, outcome.Failed, []bool{false}},
	} {
		h := newHarness(t)
		h.engine.stage = func(_ context.Context, _ *memoryContainer, name, _ string) error {
			if name == "after_script" {
				return exits(9)
			}
			return exits(c.script)
		}
		j := job("x", nil)
		j.AfterScript = []string{"false"}
		if c.ignore != "" {
			j.Variables = gitlabci.NewVariableSet(gitlabci.Variable{Name: "AFTER_SCRIPT_IGNORE_ERRORS", Value: c.ignore})
		}
		var ended []bool
		result, _ := h.Run(t.Context(), j, scheduler.Streams{Ended: func(passed bool) { ended = append(ended, passed) }})
		if !slices.Equal(ended, c.ended) {
			t.Errorf("%q, script %d: ended %v, want %v", c.ignore, c.script, ended, c.ended)
		}
		want := c.script
		if c.state == outcome.Failed && want == 0 {
			want = 9
		}
		if result.State != c.state || result.Code != want {
			t.Errorf("%q, script %d: %s %d", c.ignore, c.script, result.State, result.Code)
		}
	}
}

// TestCachesByOutcome: what is saved depends on the job's state and the policy.
func TestCachesByOutcome(t *testing.T) {
	for _, c := range []struct {
		policy, when string
		code         int
		want         bool
	}{
		{"pull-push", "on_success", 0, true},
		{"pull-push", "on_success", 1, false},
		{"pull-push", "on_failure", 0, false},
		{"pull-push", "on_failure", 1, true},
		{"pull-push", "always", 1, true},
		{"push", "on_success", 0, true},
		{"pull", "always", 0, false},
	} {
		h := newHarness(t)
		j := job("x", nil)
		j.Cache = []gitlabci.Cache{{Key: "k", Paths: []string{"deps/"}, Policy: c.policy, When: c.when}}
		h.writes(c.code, "deps/a", "other")
		h.Run(t.Context(), j, scheduler.Streams{})
		h.writes(0)
		again := job("x", nil)
		again.Cache = []gitlabci.Cache{{Key: "k", Paths: []string{"deps/"}, Policy: "pull", When: "on_success"}}
		h.Run(t.Context(), again, scheduler.Streams{})
		files := h.engine.last().files
		if got := files[treeDir+"/deps/a"] == "text of deps/a"; got != c.want || len(files) > 1 || h.warnings.Len() > 0 {
			t.Errorf("%+v: %q, %s", c, files, h.warnings.String())
		}
	}
}

// TestCacheKeys: a job with policy push restores nothing, and fallback keys are tried in
// order.
func TestCacheKeys(t *testing.T) {
	h := newHarness(t)
	keep := func(key string) {
		h.writes(0, "deps/"+key)
		j := job("x", nil)
		j.Cache = []gitlabci.Cache{{Key: key, Paths: []string{"deps"}, Policy: "push", When: "on_success"}}
		h.Run(t.Context(), j, scheduler.Streams{})
		if len(h.engine.last().files) != 1 {
			t.Errorf("%s: a job that pushes found %q", key, h.engine.last().files)
		}
	}
	keep("second")
	keep("third")
	finds := func(key string) {
		h.writes(0)
		j := job("x", nil)
		j.Cache = []gitlabci.Cache{{Key: "first", FallbackKeys: []string{"second", "third"}, Paths: []string{"deps"}, Policy: "pull"}}
		h.Run(t.Context(), j, scheduler.Streams{})
		if files := h.engine.last().files; len(files) != 1 || files[treeDir+"/deps/"+key] == "" {
			t.Errorf("got %q, want that of %s", files, key)
		}
	}
	finds("second")
	keep("first")
	finds("first")
}

// TestKeysOfFiles: the key depends on the contents of the files, and on the cache's index in
// the job.
func TestKeysOfFiles(t *testing.T) {
	h := newHarness(t)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(h.Tree.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key := func(place int, prefix string, files ...string) string {
		key, err := h.cacheKey(gitlabci.Cache{KeyFiles: files, KeyPrefix: prefix}, place)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	write("a.lock", "1")
	write("same.lock", "1")
	write("b.lock", "2")
	for _, test := range []struct {
		what, one, other string
		same             bool
	}{
		{"names", key(0, "", "a.lock"), key(0, "", "same.lock"), true},
		{"contents", key(0, "", "a.lock"), key(0, "", "b.lock"), false},
		{"order", key(0, "", "a.lock", "b.lock"), key(0, "", "b.lock", "a.lock"), true},
		{"a missing file", key(0, "", "a.lock", "missing"), key(0, "", "a.lock"), true},
		{"missing files", key(0, "", "missing"), "0-default", true},
		{"the place", key(0, "", "a.lock"), key(1, "", "a.lock"), false},
		{"a prefix", key(0, "p", "a.lock"), key(1, "p", "a.lock"), true},
		{"missing files with a prefix", key(0, "p", "missing"), "p-default", true},
		{"a pattern", key(0, "", "*.lock"), key(0, "", "a.lock", "b.lock"), true},
		{"a pattern without files", key(0, "", "*.none"), "0-default", true},
	} {
		if (test.one == test.other) != test.same {
			t.Errorf("%s: %s, %s", test.what, test.one, test.other)
		}
	}
}

// TestFallbackVariable: the caches are "main" and "old", of an unprotected ref, and "all" with
// unprotect. CACHE_FALLBACK_KEY has GitLab's suffix.
func TestFallbackVariable(t *testing.T) {
	for _, protected := range []bool{false, true} {
		h, unprotected := newHarness(t), newHarness(t)
		h.Source, h.Protected, h.Project = "s", protected, "p"
		unprotected.Source, unprotected.Caches, unprotected.Project = "s", h.Caches, "p"
		names := map[string]string{
			unprotected.cacheFile(gitlabci.Cache{}, "main"): "main", unprotected.cacheFile(gitlabci.Cache{}, "old"): "old",
			h.cacheFile(gitlabci.Cache{Unprotect: true}, "main"): "shared",
		}
		for value, want := range map[string]string{"main-non_protected": "main shared", "": "", "main-protected": "", "x-protected. ": "", "old": "old"} {
			j := job("x", nil)
			j.Variables = gitlabci.NewVariableSet(gitlabci.Variable{Name: "CACHE_FALLBACK_KEY", Value: value})
			var got []string
			for _, s := range h.Runner.stored(j, gitlabci.Cache{FallbackKeys: []string{"first"}}, "key") {
				if name := names[s.file]; name != "" {
					got = append(got, name)
				}
			}
			if protected && value == "old" {
				want = "" // as its scope is another one
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%q, protected %v: %q, want %s", value, protected, got, want)
			}
		}
		if n := strings.Count(h.warnings.String(), "must not end"); n != 2 {
			t.Errorf("warned %s", h.warnings.String())
		}
	}
}

// TestCacheWithoutPaths: GitLab Runner ignores it, even if there is one of that key.
func TestCacheWithoutPaths(t *testing.T) {
	h := newHarness(t)
	h.writes(0, "dir/file")
	j := job("x", nil)
	j.Cache = []gitlabci.Cache{{Key: "k", Paths: []string{"dir"}, When: "always"}}
	h.Run(t.Context(), j, scheduler.Streams{})
	h.engine.stage = nil
	for _, c := range []struct {
		paths []string
		want  bool
	}{{[]string{"dir"}, true}, {nil, false}, {[]string{""}, false}} {
		j.Cache[0].Paths = c.paths
		h.Run(t.Context(), j, scheduler.Streams{})
		if got := h.engine.last().files[treeDir+"/dir/file"] != ""; got != c.want {
			t.Errorf("paths %q: restored %v", c.paths, got)
		}
	}
}

// TestRefused: what a runner refuses fails the job with a reason.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Job)
	}{
		{"GIT_SUBMODULE_STRATEGY", func(j *Job) { j.Env = []string{"GIT_SUBMODULE_STRATEGY=other"} }},
		{"GIT_SUBMODULE_PATHS", func(j *Job) {
			j.Env = []string{"GIT_SUBMODULE_STRATEGY=normal", "GIT_SUBMODULE_PATHS=:(exclude) sub"}
		}},
		{"GIT_CLONE_PATH", func(j *Job) { j.Env = []string{"GIT_CLONE_PATH=/elsewhere"} }},
		{"cache policy", func(j *Job) { j.Cache = []gitlabci.Cache{{Key: "k", Paths: []string{"p"}, Policy: "other"}} }},
		{"is not known", func(j *Job) { j.Unresolved = []string{"its image is not known"} }},
	} {
		h := newHarness(t)
		h.Tree.Writable = false
		h.Tree.Snapshot = &checkout.Snapshot{}
		j := job("x", nil)
		c.change(j)
		var said strings.Builder
		result, _ := h.Run(t.Context(), j, scheduler.Streams{Stderr: &said})
		if result.State != outcome.Failed || result.Code != 1 || !strings.Contains(said.String(), c.name) {
			t.Errorf("%s: %s, %v; said %q", c.name, result.Text(), result.Err, said.String())
		}
	}
}

// TestRefusedDotenv: an invalid dotenv report fails its job.
func TestRefusedDotenv(t *testing.T) {
	for text, want := range map[string]outcome.State{"A=1\n": outcome.Passed, "": outcome.Passed, "no variable\n": outcome.Failed} {
		h := newHarness(t)
		j := job("x", &gitlabci.Artifacts{When: "on_success", Reports: []gitlabci.Report{{Kind: "dotenv", Paths: []string{"a.env"}}}})
		h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
			c.files[treeDir+"/a.env"] = text
			return nil
		}
		if result, _ := h.Run(t.Context(), j, scheduler.Streams{}); result.State != want {
			t.Errorf("%q: %s, %v", text, result.Text(), result.Err)
		}
	}
}

// TestImageFromDotenv: a job's image and its cache policy may come from an earlier job's
// dotenv report.
func TestImageFromDotenv(t *testing.T) {
	const text = "make: {stage: build, script: [x], artifacts: {reports: {dotenv: a.env}}}\nuse: {image: $IMG, cache: {key: k, paths: [p], policy: $POLICY}, script: [x]}\n"
	p, err := gitlabci.Load(fstest.MapFS{".gitlab-ci.yml": {Data: []byte(text)}}, ".gitlab-ci.yml", gitlabci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := p.Evaluate(gitlabci.Event{})
	h := newHarness(t)
	h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
		c.files[treeDir+"/a.env"] = "IMG=from/report:1\nPOLICY=pull\n"
		return nil
	}
	producer := &Job{Job: e.Jobs[0], Image: Image{Reference: "image"}, Runs: true}
	use := &Job{Job: e.Jobs[1], ArtifactsFrom: []*Job{producer}, Runs: true}
	for _, j := range []*Job{producer, use} {
		if result, _ := h.Run(t.Context(), j, scheduler.Streams{}); result.State != outcome.Passed {
			t.Errorf("%s: %s, %v", j.Name, result.Text(), result.Err)
		}
	}
	if use.Image.Reference != "from/report:1" {
		t.Errorf("the image is %q", use.Image.Reference)
	}
}

// TestForgottenCaches: the least recently used caches are removed first.
func TestForgottenCaches(t *testing.T) {
	dir := t.TempDir()
	name := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%02d.tar.zst", i)) }
	const more = 3
	for i := range keptCaches + more {
		if err := os.WriteFile(name(i), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		used := time.Unix(int64(1e9+(i*7)%(keptCaches+more)), 0) // not in the order of the names
		if err := os.Chtimes(name(i), used, used); err != nil {
			t.Fatal(err)
		}
	}
	(&Runner{}).forgetCaches(dir)
	for i := range keptCaches + more {
		age := (i * 7) % (keptCaches + more) // the higher, the later it was used
		_, err := os.Stat(name(i))
		if want := age > more; (err == nil) != want { // one more goes, for the one that is about to come
			t.Errorf("cache %d, used at %d: %v", i, age, err)
		}
	}
}

// TestUnsavedCache: a cache that cannot be saved fails the job, not the other caches.
func TestUnsavedCache(t *testing.T) {
	h := newHarness(t)
	h.writes(0, "a/x", "b/x")
	j := job("x", nil)
	j.Cache = []gitlabci.Cache{{Key: "a", Paths: []string{"a"}, When: "on_success"}, {Key: "b", Paths: []string{"b"}, When: "on_success"}}
	lost := h.cacheFile(j.Cache[0], "a")
	if err := os.MkdirAll(filepath.Join(lost, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	result, _ := h.Run(t.Context(), j, scheduler.Streams{})
	if result.State == outcome.Passed || !strings.Contains(fmt.Sprint(result.Err), `cache "a" of job "x"`) {
		t.Errorf("%s, %v", result.Text(), result.Err)
	}
	if _, err := os.Stat(h.cacheFile(j.Cache[1], "b")); err != nil {
		t.Error(err)
	}
}
