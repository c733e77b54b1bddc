// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// TestStatusOfJobs: a single job determines the exit status, several do not.
func TestStatusOfJobs(t *testing.T) {
	ended := func(state outcome.State, err error) outcome.Result { return outcome.Result{State: state, Err: err} }
	engine := &api.EngineError{Op: "x", Code: 127, Err: errors.New("y")}
	passed, failed := ended(outcome.Passed, nil), ended(outcome.Failed, &api.ExitError{Code: 3})
	for _, c := range []struct {
		name string
		jobs []outcome.Result
		want int
	}{
		{"passed", []outcome.Result{passed}, 0},
		{"failed", []outcome.Result{failed}, 1},
		{"took too long", []outcome.Result{ended(outcome.TimedOut, api.ErrTimeout)}, 124},
		{"one of two took too long", []outcome.Result{passed, ended(outcome.TimedOut, api.ErrTimeout)}, 1},
		{"engine", []outcome.Result{ended(outcome.EngineError, engine)}, 127},
		{"not the engine", []outcome.Result{ended(outcome.EngineError, errors.New("x"))}, 125},
		{"no image", []outcome.Result{ended(outcome.NoImage, errors.New("x"))}, 125},
	} {
		record := &jobrecord.Run{}
		for _, j := range c.jobs {
			record.Jobs = append(record.Jobs, jobrecord.Job{State: j.State})
		}
		if got := (&Result{Run: record, Jobs: c.jobs}).ExitStatus(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
