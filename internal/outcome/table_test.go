// SPDX-License-Identifier: GPL-2.0-or-later

package outcome_test

import (
	"slices"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func TestRows(t *testing.T) {
	results := []outcome.Result{
		{Workload: "a", State: outcome.Passed},
		{Workload: "b", State: outcome.Failed, Code: 2, Allowed: true, Line: "error"},
	}
	rows := outcome.Rows("JOB", results)
	if !slices.Equal(rows[0], []string{"JOB", "RESULT", "TIME", "FIRST FAILING LINE"}) || rows[1][3] != "-" || rows[2][1] != "failed (2), allowed" || rows[2][3] != "error" {
		t.Errorf("%q", rows)
	}
	results[0].Coverage = "81.5"
	rows = outcome.Rows("JOB", results)
	if rows[0][3] != "COVERAGE" || rows[1][3] != "81.5%" || rows[2][3] != "-" {
		t.Errorf("%q", rows)
	}
}

func TestList(t *testing.T) {
	got := outcome.List([]outcome.Result{{Workload: "a", State: outcome.Failed, Code: 3, Duration: 1500 * time.Millisecond, Line: "l", Built: true, Log: "/log"}})
	if len(got) != 1 || got[0] != (outcome.Listed{Target: "a", State: "failed", Code: 3, Seconds: 1.5, Line: "l", Built: true, Log: "/log"}) {
		t.Errorf("%+v", got)
	}
	if outcome.List(nil) == nil {
		t.Error("no results are null in JSON")
	}
}

func TestSentence(t *testing.T) {
	for _, c := range []struct {
		result outcome.Result
		want   string
	}{
		{outcome.Result{Workload: "a", State: outcome.Passed}, "a: passed in 0.0s"},
		{outcome.Result{Workload: "a", State: outcome.Failed, Code: 2, Line: "error"}, "a: failed (2) in 0.0s: error"},
		{outcome.Result{Workload: "a", State: outcome.NoImage, Line: "error"}, "a: no image in 0.0s"},
		{outcome.Result{Workload: "a", State: outcome.EngineError, Line: "error"}, "a: engine error in 0.0s"},
		{outcome.Result{Workload: "a", State: outcome.Passed, Coverage: "7"}, "a: passed in 0.0s, coverage 7%"},
	} {
		if got := c.result.Sentence(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
