// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"context"
	"errors"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestCancelOnFailureOfChild: a trigger fails for the same reason as its child pipeline.
func TestCancelOnFailureOfChild(t *testing.T) {
	failed, noImage := outcome.Result{Workload: "t/f", State: outcome.Failed, Code: 3}, outcome.Result{Workload: "t/n", State: outcome.NoImage}
	stopped, passed := outcome.Result{Workload: "t/s", State: outcome.NotRun}, outcome.Result{Workload: "t/p", State: outcome.Passed}
	for _, c := range []struct {
		child []outcome.Result
		line  string // "" if the child pipeline passes
		stops bool
	}{
		{[]outcome.Result{passed}, "", false}, {[]outcome.Result{passed, noImage}, "t/n: no image", false}, {[]outcome.Result{noImage, passed, failed}, "t/f: failed (3)", true},
		{[]outcome.Result{stopped, noImage}, "t/n: no image", false}, {[]outcome.Result{{Workload: "t/a", State: outcome.Failed, Allowed: true}, passed}, "", false},
		{[]outcome.Result{{Workload: "t/k", State: outcome.Skipped, Err: errors.New("x")}, noImage}, "t/n: no image", false}, {[]outcome.Result{stopped}, "t/s: not run", true},
	} {
		w := worstResult(c.child)
		if w.OK() != (c.line == "") {
			t.Errorf("%+v: worst is %+v", c.child, w)
		}
		if w.OK() {
			continue
		}
		l, p := project(t, map[string]string{PipelineFile: "workflow: {auto_cancel: {on_job_failure: all}}\na: {script: [x]}\nb: {script: [x]}\n"}, "a", "b")
		l.record, l.dir = &recorder{}, t.TempDir()
		s := l.scheduler(p)
		s.Watch, s.Parallel = nil, 1
		results, err := s.Run(t.Context(), []scheduler.Task{
			{Name: "t", Run: func(context.Context, scheduler.Streams) outcome.Result {
				return outcome.Result{State: outcome.Failed, Err: childError{w}}
			}},
			{Name: "b", Run: func(context.Context, scheduler.Streams) outcome.Result { return outcome.Result{State: outcome.Passed} }},
		})
		if err != nil || results[0].Line != c.line {
			t.Fatalf("%v: %q, want %q", err, results[0].Line, c.line)
		}
		if got := results[1].State == outcome.NotRun; got != c.stops {
			t.Errorf("%+v: b is %s", c.child, results[1].State)
		}
		if got := l.canceled(t.Context(), p, results); (got != "") != c.stops {
			t.Errorf("%+v: said %q", c.child, got)
		}
	}
}

// TestCancelOnFailure: a pipeline can want its jobs stopped after a failure. What the user
// says counts more, and there is a reason only if jobs were stopped for it. What could not
// be run here need not fail on GitLab.
func TestCancelOnFailure(t *testing.T) {
	const why = `job "a" did not pass: the other jobs were stopped, because workflow: auto_cancel: on_job_failure is "all"; --keep-going runs them`
	for _, c := range []struct {
		file    string
		options LocalOptions
		allowed bool
		state   outcome.State // of the job that fails, "" for Failed
		stops   bool
		why     string
	}{
		{"workflow: {auto_cancel: {on_job_failure: all}}\n", LocalOptions{}, false, "", true, why},
		{"workflow: {auto_cancel: {on_job_failure: all}}\n", LocalOptions{KeepGoing: true}, false, "", false, ""},
		{"workflow: {auto_cancel: {on_job_failure: all}}\n", LocalOptions{FailFast: true}, false, "", true, ""},
		{"workflow: {auto_cancel: {on_job_failure: all}}\n", LocalOptions{}, true, "", false, ""},
		{"", LocalOptions{}, false, "", false, ""},
		{"", LocalOptions{FailFast: true}, false, "", true, ""},
		{"workflow: {auto_cancel: {on_job_failure: all}}\n", LocalOptions{}, false, outcome.TimedOut, true, why},
		{"workflow: {auto_cancel: {on_job_failure: all}}\n", LocalOptions{}, false, outcome.NoImage, false, ""},
		{"workflow: {auto_cancel: {on_job_failure: all}}\n", LocalOptions{}, false, outcome.EngineError, false, ""},
		{"workflow: {auto_cancel: {on_job_failure: all}}\n", LocalOptions{FailFast: true}, false, outcome.NoImage, true, ""},
	} {
		l, p := project(t, map[string]string{PipelineFile: c.file + "a: {script: [x]}\nb: {script: [x]}\n"}, "a", "b")
		l.LocalOptions, l.record, l.dir = c.options, &recorder{}, t.TempDir()
		s := l.scheduler(p)
		s.Watch, s.Parallel = nil, 1
		results, err := s.Run(t.Context(), []scheduler.Task{
			{Name: "a", AllowFailure: c.allowed, Run: func(context.Context, scheduler.Streams) outcome.Result {
				return outcome.Result{State: cmp.Or(c.state, outcome.Failed), Code: 1, Err: errors.New("x")}
			}},
			{Name: "b", Run: func(context.Context, scheduler.Streams) outcome.Result { return outcome.Result{State: outcome.Passed} }},
		})
		if err != nil {
			t.Fatal(err)
		}
		if stopped := results[1].State == outcome.NotRun; stopped != c.stops {
			t.Errorf("%+v: %s is %s", c, results[1].Workload, results[1].State)
		}
		if got := l.canceled(t.Context(), p, results); got != c.why {
			t.Errorf("%+v: said %q", c, got)
		}
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if got := l.canceled(done, p, results); got != "" {
			t.Errorf("after an interrupt: said %q", got)
		}
	}
}
