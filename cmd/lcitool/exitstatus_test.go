// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
)

// TestStatusOfJobs: a single job says more of itself than several do.
func TestStatusOfJobs(t *testing.T) {
	ended := func(state outcome.State, err error) outcome.Result { return outcome.Result{State: state, Err: err} }
	engine := &container.EngineError{Op: "x", Code: 127, Err: errors.New("y")}
	passed, failed := ended(outcome.Passed, nil), ended(outcome.Failed, &container.ExitError{Code: 3})
	for _, c := range []struct {
		name string
		jobs []outcome.Result
		want int
	}{
		{"passed", []outcome.Result{passed}, 0},
		{"failed", []outcome.Result{failed}, 1},
		{"took too long", []outcome.Result{ended(outcome.TimedOut, container.ErrTimeout)}, 124},
		{"one of two took too long", []outcome.Result{passed, ended(outcome.TimedOut, container.ErrTimeout)}, 1},
		{"engine", []outcome.Result{ended(outcome.EngineError, engine)}, 127},
		{"not the engine", []outcome.Result{ended(outcome.EngineError, errors.New("x"))}, 125},
		{"no image", []outcome.Result{ended(outcome.NoImage, errors.New("x"))}, 125},
	} {
		record := &jobrecord.Run{}
		for _, j := range c.jobs {
			record.Jobs = append(record.Jobs, jobrecord.Job{State: j.State})
		}
		got := 0
		if err := exitStatus(&pipelinerun.Result{Run: record, Jobs: c.jobs}); err != nil {
			var status statusError
			if !errors.As(err, &status) {
				t.Errorf("%s: %v", c.name, err)
			}
			got = int(status)
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestStatusOfStats: a case that fails makes stats check fail, and an interrupted
// run says so; both write their report.
func TestStatusOfStats(t *testing.T) {
	for _, c := range []struct {
		status  suite.Status
		stopped bool
		want    error
	}{
		{suite.Pass, false, nil},
		{suite.Skip, false, nil},
		{suite.Known, false, nil},
		{suite.Fail, false, statusError(1)},
		{suite.Fail, true, statusError(1)},
		{suite.Pass, true, context.Canceled},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if c.stopped {
			cancel()
		}
		var out bytes.Buffer
		s := &statsCheck{app: &app{stdout: &out, stderr: io.Discard}, format: "json"}
		err := s.finish(ctx, &report.Run{Results: []suite.Result{{Status: c.status}}})
		if !errors.Is(err, c.want) || out.Len() == 0 {
			t.Errorf("%v, stopped %v: %v", c.status, c.stopped, err)
		}
		cancel()
	}
}
