// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func TestRetries(t *testing.T) {
	r := &Run{Jobs: []Job{
		{Name: "passed", State: outcome.Passed},
		{Name: "continued", State: outcome.Continued},
		{Name: "failed", State: outcome.Failed},
		{Name: "allowed", State: outcome.Failed, Allowed: true},
		{Name: "killed", State: outcome.Running},
		{Name: "behind", State: outcome.Skipped, Line: "needs failed: failed (1)"},
		{Name: "for failures", State: outcome.Skipped},
		{Name: "start", State: outcome.Passed},
		{Name: "start/child", State: outcome.Failed},
		{Name: "startling/x", State: outcome.NoImage},
		{Name: "flaky #1", Of: "flaky", State: outcome.Passed},
		{Name: "flaky #2", Of: "flaky", State: outcome.Failed},
		{Name: "flaky #3", Of: "flaky", State: outcome.TimedOut},
		{Name: "not run", State: outcome.NotRun},
	}}
	want := []string{"failed", "allowed", "killed", "behind", "start", "startling/x", "flaky", "not run"}
	if got := r.Retries(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&Run{Jobs: r.Jobs[:2]}).Retries(); got != nil {
		t.Errorf("of jobs that passed: %q", got)
	}
}

// TestOrigins: the first job that is a trigger of another counts.
func TestOrigins(t *testing.T) {
	r := &Run{Jobs: []Job{
		{Name: "b/c"}, {Name: "b"}, {Name: "b/c/d"}, {Name: "b/x"}, {Name: "b/c"}, {Name: "other/x"}, {Name: "b/c #1", Of: "b/c"}, {Name: "/y"}, {Name: ""}, {Name: "b/"},
	}}
	want := []string{"b", "b", "b/c", "b", "b", "other/x", "b/c", "", "", "b"}
	if got := r.Origins(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNamesWithSlashes: a job whose name begins with that of another one belongs to it
// only if that can be its trigger.
func TestNamesWithSlashes(t *testing.T) {
	r := &Run{Jobs: []Job{
		{Name: "test", Image: "i", State: outcome.Passed}, {Name: "test/unit", Image: "i", State: outcome.Failed},
		{Name: "more"}, {Name: "more/test", Image: "i", State: outcome.Failed}, {Name: "more/test/unit", Image: "i"},
	}}
	if got, want := r.Origins(), []string{"test", "test/unit", "more", "more", "more"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&Run{Jobs: r.Jobs[:2]}).Retries(), []string{"test/unit"}; !slices.Equal(got, want) {
		t.Errorf("retries %q, want %q", got, want)
	}
}

// TestLongNames: a name of many slashes takes no longer than others.
func TestLongNames(t *testing.T) {
	long := "x" + strings.Repeat("/", 4<<20)
	r := &Run{Jobs: []Job{{Name: long}, {Name: "x"}, {Name: "y/z"}}}
	if got := r.Origins(); !slices.Equal(got, []string{"x", "x", "y/z"}) {
		t.Errorf("%d names", len(got))
	}
}

func TestByName(t *testing.T) {
	r := &Run{Jobs: []Job{{Name: "a", Code: 1}, {Name: "b", Code: 2}, {Name: "a", Code: 3}}}
	jobs := r.ByName()
	if len(jobs) != 2 || jobs["a"] != &r.Jobs[0] || jobs["a"] != r.Job("a") || jobs["b"] != &r.Jobs[1] {
		t.Errorf("%v", jobs)
	}
}
