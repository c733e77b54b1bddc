// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

func TestManualJobsHoldBack(t *testing.T) {
	need := func(names ...string) (needs []gitlabci.Need) {
		for _, name := range names {
			needs = append(needs, gitlabci.Need{Job: name, Artifacts: true})
		}
		return needs
	}
	for _, test := range []struct {
		allowed     bool // the manual job may fail
		names, want string
	}{
		{false, "*", "build"},
		{true, "*", "build next"},
		{false, "* gate", "build dag far gate next"},
		{false, "* dag", "build dag far"}, // named, so it runs
	} {
		e := &gitlabci.Evaluation{Stages: []string{"one", "two", "three"}, Jobs: []gitlabci.Job{
			{Name: "gate", Base: "gate", Stage: "one", When: gitlabci.Manual, AllowFailure: test.allowed},
			{Name: "build", Base: "build", Stage: "one", When: gitlabci.OnSuccess},
			{Name: "dag", Base: "dag", Stage: "two", When: gitlabci.OnSuccess, Ordered: true, Needs: need("gate")},
			{Name: "next", Base: "next", Stage: "two", When: gitlabci.OnSuccess},
			{Name: "far", Base: "far", Stage: "three", When: gitlabci.OnSuccess, Ordered: true, Needs: need("dag")},
		}}
		c, err := Choose(e, Choice{Names: strings.Fields(test.names)})
		if err != nil {
			t.Fatal(err)
		}
		got := c.names()
		if got != test.want {
			t.Errorf("%q, allowed %v: got %q, left %q", test.names, test.allowed, got, c.Skipped)
		}
	}
}

// TestSkippedBehindManualJobs: a job that needs a manual job that need not run is skipped, which
// stops no later stage, unless it runs always; one that must run is waited for.
func TestSkippedBehindManualJobs(t *testing.T) {
	for _, test := range []struct {
		allowed bool
		want    string
	}{{true, "after always next"}, {false, ""}} {
		job := func(name, stage, when string, needs ...string) gitlabci.Job {
			j := gitlabci.Job{Name: name, Base: name, Stage: stage, When: when, Ordered: len(needs) > 0}
			for _, need := range needs {
				j.Needs = append(j.Needs, gitlabci.Need{Job: need})
			}
			return j
		}
		gate := job("gate", "one", gitlabci.Manual)
		gate.AllowFailure = test.allowed
		e := &gitlabci.Evaluation{Stages: []string{"one", "two", "three"}, Jobs: []gitlabci.Job{
			gate,
			job("dag", "two", gitlabci.OnSuccess, "gate"),
			job("hand", "two", gitlabci.Manual, "gate"),
			job("rescue", "two", gitlabci.OnFailure, "gate"),
			job("always", "two", gitlabci.Always, "gate"),
			job("after", "three", gitlabci.OnSuccess, "always"),
			job("far", "three", gitlabci.OnSuccess, "dag"),
			job("next", "three", gitlabci.OnSuccess),
		}}
		c, err := Choose(e, Choice{})
		if err != nil {
			t.Fatal(err)
		}
		got := c.names()
		if got != test.want {
			t.Errorf("allowed %v: got %q, left %q", test.allowed, got, c.Skipped)
		}
	}
}

// names returns the chosen jobs, sorted.
func (c *Chosen) names() string {
	var names []string
	for _, j := range c.Jobs {
		names = append(names, j.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestNamedJobsRun: a job that was named runs although one that it needs was skipped.
func TestNamedJobsRun(t *testing.T) {
	const text = "a: {script: [x]}\nb: {script: [x], needs: [a], when: on_failure}\nc: {script: [x], needs: [b]}\n"
	for _, names := range [][]string{{"c"}, nil} {
		l, p := project(t, map[string]string{PipelineFile: text}, names...)
		for _, task := range l.tasks(p, 0) {
			if task.Name == "c" && task.Strict == (names != nil) {
				t.Errorf("%q: strict is %v", names, task.Strict)
			}
		}
	}
}

// TestAlwaysBehindSkippedJobs: GitLab takes needs with a skipped job among them for skipped,
// even if another one waits, and a job that runs always runs then.
func TestAlwaysBehindSkippedJobs(t *testing.T) {
	e := evaluated(t, `
may: {script: [x], when: manual}
must: {script: [x], when: manual, allow_failure: false}
both: {script: [x], needs: [may, must], when: always}
one: {script: [x], needs: [must], when: always}
`)
	c, err := Choose(e, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.names(); got != "both" {
		t.Errorf("got %q, left %q", got, c.Skipped)
	}
}
