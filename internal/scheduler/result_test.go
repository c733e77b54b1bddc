// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler_test

import (
	"context"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestTaskWithAResult: it does not run, is never said to, and what needs it is skipped.
func TestTaskWithAResult(t *testing.T) {
	never := func(context.Context, scheduler.Streams) outcome.Result {
		t.Error("it runs")
		return outcome.Result{State: outcome.Passed}
	}
	s := &scheduler.Scheduler{LogDir: t.TempDir(), Watch: func(e scheduler.Event) {
		if e.State == outcome.Running {
			t.Errorf("%s is running", e.Task)
		}
	}}
	results, err := s.Run(t.Context(), []scheduler.Task{
		{Name: "known", Result: &outcome.Result{State: outcome.NotRun, Line: "why"}, Run: never},
		{Name: "after", Needs: []string{"known"}, Run: never},
	})
	if err != nil || results[0].State != outcome.NotRun || results[0].Line != "why" || results[1].State != outcome.Skipped {
		t.Errorf("%+v, %v", results, err)
	}
}
