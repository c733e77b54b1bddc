// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// TestInputsOfARetry: job "b" gets the artifacts of "a", and "c" those of "b".
func TestInputsOfARetry(t *testing.T) {
	row := func(name string, state outcome.State) jobrecord.Job { return jobrecord.Job{Name: name, State: state} }
	allowed := row("a", outcome.Failed)
	allowed.Allowed = true
	for name, c := range map[string]struct {
		runs  []jobrecord.Job // of the retried run, in which "b" did not pass
		older []jobrecord.Job // of the run that it retried
		names string          // that run now
		when  string
		want  string
	}{
		"passed":              {[]jobrecord.Job{row("a", outcome.Passed)}, nil, "b", gitlabci.OnSuccess, "[]"},
		"failed":              {[]jobrecord.Job{row("a", outcome.Failed)}, nil, "b", gitlabci.OnSuccess, `job "b" needs "a", which did not pass: failed`},
		"no image":            {[]jobrecord.Job{row("a", outcome.NoImage)}, nil, "b", gitlabci.OnSuccess, `job "b" needs "a", which did not pass: no image`},
		"not run":             {[]jobrecord.Job{row("a", outcome.NotRun)}, nil, "b", gitlabci.OnSuccess, `job "b" needs "a", which did not pass: not run`},
		"failed, allowed":     {[]jobrecord.Job{allowed}, nil, "b", gitlabci.OnSuccess, "[]"},
		"runs again":          {[]jobrecord.Job{row("a", outcome.Failed)}, nil, "a b", gitlabci.OnSuccess, "[]"},
		"runs after failures": {[]jobrecord.Job{row("a", outcome.Failed)}, nil, "b", gitlabci.Always, "[]"},
		"was not in the run":  {nil, nil, "b", gitlabci.OnSuccess, "[]"},
		"continued":           {[]jobrecord.Job{row("a", outcome.Continued)}, nil, "b", gitlabci.OnSuccess, "[b]"},
		"continued, two":      {[]jobrecord.Job{row("a", outcome.Continued)}, nil, "c b", gitlabci.OnSuccess, "[b c]"},
		"in the run before":   {nil, []jobrecord.Job{row("a", outcome.Failed)}, "b", gitlabci.OnSuccess, `job "b" needs "a", which did not pass: failed`},
		"passed since then":   {[]jobrecord.Job{row("a", outcome.Passed)}, []jobrecord.Job{row("a", outcome.Failed)}, "b", gitlabci.OnSuccess, "[]"},
		"failed since then":   {[]jobrecord.Job{row("a", outcome.Failed)}, []jobrecord.Job{row("a", outcome.Passed)}, "b", gitlabci.OnSuccess, `job "b" needs "a", which did not pass: failed`},
	} {
		jobs := map[string]*jobrun.Job{}
		for _, n := range []string{"a", "b", "c"} {
			jobs[n] = &jobrun.Job{Job: gitlabci.Job{Name: n, When: c.when}}
		}
		jobs["b"].Ordered, jobs["b"].Needs = true, []gitlabci.Need{{Job: "a"}} // without artifacts
		jobs["c"].ArtifactsFrom = []*jobrun.Job{jobs["b"]}
		p := &Plan{Chosen: &Chosen{}}
		for n := range strings.FieldsSeq(c.names) {
			p.Jobs = append(p.Jobs, jobs[n])
		}
		run := &jobrecord.Stored{Run: jobrecord.Run{ID: "2", Retry: "1", Jobs: append(c.runs, row("b", outcome.Failed))}}
		got, err := p.Inputs(run, func(id string) (*jobrecord.Stored, error) {
			if id != "1" || c.older == nil {
				return nil, fs.ErrNotExist
			}
			return &jobrecord.Stored{Run: jobrecord.Run{ID: id, Jobs: c.older}}, nil
		})
		text := fmt.Sprint(got)
		if err != nil {
			text = err.Error()
			hint := `"lcitool job retry a b" `
			if c.runs == nil {
				hint = `"lcitool job retry --run 1 a b" `
			}
			if !strings.HasPrefix(diag.Hint(err), hint) {
				t.Errorf("%s: hint %q", name, diag.Hint(err))
			}
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
}

// TestRetriesEndsForACycle: records are files, which anybody could have changed.
func TestRetriesEndsForACycle(t *testing.T) {
	run := &jobrecord.Stored{Run: jobrecord.Run{ID: "1", Retry: "1", Jobs: []jobrecord.Job{{Name: "a", State: outcome.Passed}}}}
	got := earlierResults(run, func(string) (*jobrecord.Stored, error) { return run, nil })
	if len(got) != 1 || got["a"].State != outcome.Passed {
		t.Errorf("%v", got)
	}
}

// TestOnlyKeptJobsAreContinued: the other jobs do not run, and the run has not passed.
func TestOnlyKeptJobsAreContinued(t *testing.T) {
	l := &localRun{LocalOptions: LocalOptions{Resume: map[string]jobrun.Kept{"kept": {Container: "c"}}}}
	tasks := l.tasks(&Plan{Chosen: &Chosen{Jobs: []*jobrun.Job{{Job: gitlabci.Job{Name: "other"}}, {Job: gitlabci.Job{Name: "child", Trigger: true}}}}}, 0)
	for _, task := range tasks {
		if got := task.Result; got == nil || got.State != outcome.NotRun || got.OK() || got.Line == "" {
			t.Errorf("%s: %+v", task.Name, got)
		}
	}
	for _, task := range (&localRun{}).tasks(&Plan{Chosen: &Chosen{Jobs: []*jobrun.Job{{Job: gitlabci.Job{Name: "any"}}}}}, 0) {
		if task.Result != nil {
			t.Errorf("a run that continues nothing does not run %s", task.Name)
		}
	}
	if states := []outcome.State{afterContinued(outcome.Result{State: outcome.Passed}).State, afterContinued(outcome.Result{State: outcome.Failed}).State}; !slices.Equal(states, []outcome.State{outcome.Continued, outcome.Failed}) {
		t.Errorf("after a continued job: %v", states)
	}
}
