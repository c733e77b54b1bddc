// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"fmt"
	"maps"
	"path"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestExported: variables that a script leaves in GITLAB_ENV are in the paths of artifacts
// and caches, also for later jobs.
func TestExported(t *testing.T) {
	const text = `
make:
  stage: build
  variables: {DIR: none, SUB: "${DIR}"}
  script: ['echo DIR=out >> "$GITLAB_ENV"']
  artifacts: {paths: ["$DIR/a", "$SUB/b", "$NEW/c"], exclude: ["$NEW/c/x"]}
  cache: {key: $DIR, paths: ["$DIR"]}
use: {script: [x], cache: {key: none, paths: [out], policy: pull}}
`
	h := newHarness(t)
	e := evaluated(t, text)
	h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
		for _, name := range []string{"out/a", "out/b", "none/a", "none/b", "new/c/x", "new/c/y"} {
			c.files[treeDir+"/"+name] = "x"
		}
		c.files[treeDir+".tmp/gitlab_runner_env"] = "DIR=out\n NEW=new \nIGNORED=1"
		return nil
	}
	producer := &Job{Job: e.Jobs[0], Image: Image{Reference: "image"}, Runs: true}
	use := &Job{Job: e.Jobs[1], Image: Image{Reference: "image"}, ArtifactsFrom: []*Job{producer}, Runs: true}
	if result, _ := h.Run(t.Context(), producer, scheduler.Streams{}); result.State != outcome.Passed {
		t.Fatalf("%s, %v", result.Text(), result.Err)
	}
	if got, want := h.stored(t, "make"), "new/c/y none/b out/a"; got != want {
		t.Errorf("stored %s, want %s", got, want)
	}
	h.engine.stage = nil
	h.Run(t.Context(), use, scheduler.Streams{})
	files := h.engine.last().files
	for _, name := range []string{"new/c/y", "none/b", "out/a", "out/b"} { // the last one from the cache
		if files[treeDir+"/"+name] == "" {
			t.Errorf("a later job lacks %s", name)
		}
	}
}

// TestExportedLines: a line that a shell cannot export fails a job whose artifacts or caches
// are stored.
func TestExportedLines(t *testing.T) {
	for line, want := range map[string]map[string]string{
		"A=1\n": {"A": "1"}, " A=1 \n": {"A": "1"}, "A= x\nB\nA=y=z\n": {"A": "y=z"}, "_a1=\n": {"_a1": ""}, "a b": {}, "": {},
		"A+=x\n": {"A": "x"}, "A=1\nA+=x\n A+=\n": {"A": "1x"}, "OWN+=x\nOWN+=y\n": {"OWN": "a=bxy"}, "OWN=\nOWN+=x\n": {"OWN": "x"},
		"A+\n": nil, "+=x\n": nil, "A++=x\n": nil, "A +=x\n": nil,
		"\n": nil, "a b=1\n": nil, "1a=x\n": nil, "=x\n": nil, "a-b=x\n": nil, "A=1\n# comment\n": nil,
	} {
		got, err := parseExported(line, []string{"OWN=a=b"})
		if (err != nil) != (want == nil) || !maps.Equal(got, want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
	for _, c := range []struct {
		more  string
		state outcome.State
		said  bool
	}{
		{"", outcome.Passed, false},
		{", artifacts: {paths: [a]}", outcome.Failed, true},
		{", artifacts: {paths: [a], when: on_failure}", outcome.Passed, false},
		{", artifacts: {reports: {junit: a}}", outcome.Failed, true},
		{", cache: {paths: [a]}", outcome.Failed, true},
		{", cache: {paths: [a], policy: pull}", outcome.Failed, true},
		{", cache: {paths: [a], when: on_failure}", outcome.Passed, false},
	} {
		h := newHarness(t)
		h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
			c.files[treeDir+".tmp/gitlab_runner_env"] = "two words=1\n"
			return nil
		}
		j := &Job{Job: evaluated(t, "j: {script: ['./x $GITLAB_ENV']"+c.more+"}\n").Jobs[0], Image: Image{Reference: "image"}, Runs: true}
		var said strings.Builder
		result, _ := h.Run(t.Context(), j, scheduler.Streams{Stderr: &said})
		if result.State != c.state || strings.Contains(said.String(), "two words=1") != c.said {
			t.Errorf("%s: %s, said %q", c.more, result.Text(), said.String())
		}
	}
}

// TestExportedAlternatives: the patterns that a script hands on are checked as well.
func TestExportedAlternatives(t *testing.T) {
	e := evaluated(t, "x:\n  stage: build\n  script: [fill $GITLAB_ENV]\n  artifacts: {paths: [a], exclude: [$P]}\n")
	h := newHarness(t)
	h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
		c.files[treeDir+"/a"] = "x"
		c.files[path.Join(tempDir(treeDir), gitlabEnvFile)] = "P=" + strings.Repeat("{a,a}", 30) + "\n"
		return nil
	}
	result, _ := h.Run(t.Context(), &Job{Job: e.Jobs[0], Image: Image{Reference: "image"}, Runs: true}, scheduler.Streams{})
	if result.State != outcome.Failed || !strings.Contains(fmt.Sprint(result.Err), "too many alternatives") {
		t.Errorf("%+v", result)
	}
}

// TestExportedByAnEarlierAttempt: what an attempt leaves has no effect on the next one.
func TestExportedByAnEarlierAttempt(t *testing.T) {
	e := evaluated(t, "x:\n  stage: build\n  variables: {DIR: none}\n  script: [fill $GITLAB_ENV]\n  retry: 1\n  artifacts: {paths: [$DIR], when: always}\n")
	h := newHarness(t)
	attempts := 0
	h.engine.stage = func(_ context.Context, c *memoryContainer, _, _ string) error {
		c.files[treeDir+"/none/a"], c.files[treeDir+"/out/a"] = "x", "x"
		if attempts++; attempts == 1 {
			c.files[path.Join(tempDir(treeDir), gitlabEnvFile)] = "DIR=out\n"
			return &api.ExitError{Code: 1}
		}
		return nil
	}
	result, _ := h.Run(t.Context(), &Job{Job: e.Jobs[0], Image: Image{Reference: "image"}, Runs: true}, scheduler.Streams{})
	if got := h.stored(t, "x"); result.State != outcome.Passed || attempts != 2 || got != "none/a" {
		t.Errorf("%s after %d attempts, stored %q", result.Text(), attempts, got)
	}
}
