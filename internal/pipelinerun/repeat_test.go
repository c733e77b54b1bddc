// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobdiff"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// newRepeater returns one whose job "t" ends as how says for the number of its attempt.
func newRepeater(t *testing.T, o RepeatOptions, how func(n int) (outcome.State, string)) (*repeater, *[]string) {
	t.Helper()
	dir := t.TempDir()
	r := &repeater{jobs: []*jobrun.Job{{Job: gitlabci.Job{Name: "t"}}}, dir: dir, same: jobdiff.NewSame("/builds/p")}
	r.out.Result = &Result{Dir: dir}
	var err error
	if r.record, err = newRecorder(dir, jobrecord.Run{}, nil, "/builds/p", nil, nil); err != nil {
		t.Fatal(err)
	}
	var told []string
	o.Watch = func(x Round) { told = append(told, fmt.Sprintf("%d %s", x.Number, x.Worst.Text())) }
	r.o = o
	var begun atomic.Int32
	r.tasks = func(jobs []*jobrun.Job, _ int) []scheduler.Task {
		return []scheduler.Task{{Name: jobs[0].Name, Run: func(_ context.Context, s scheduler.Streams) outcome.Result {
			state, line := how(int(begun.Add(1)))
			_, _ = io.WriteString(s.Stdout, line+"\n")
			result := outcome.Result{State: state}
			if state != outcome.Passed {
				result.Err = os.ErrInvalid
			}
			if state == outcome.Failed {
				result.Code = 1
			}
			return result
		}}}
	}
	return r, &told
}

func TestRepeat(t *testing.T) {
	r, told := newRepeater(t, RepeatOptions{Times: 7}, func(n int) (outcome.State, string) {
		switch n {
		case 2, 5, 6:
			return outcome.Failed, fmt.Sprintf("1/9 sums FAIL 0.%ds", n)
		case 3:
			return outcome.Failed, "error: other"
		}
		return outcome.Passed, "fine"
	})
	if err := r.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.out.Passed != 3 || r.out.Failed != 4 {
		t.Errorf("%d passed, %d failed", r.out.Passed, r.out.Failed)
	}
	if got, want := fmt.Sprint(r.out.Failures), "[{1/9 sums FAIL 0.2s 3 2} {error: other 1 3}]"; got != want {
		t.Errorf("failures %s, want %s", got, want)
	}
	if want := "1 passed,2 failed (1),3 failed (1),4 passed,5 failed (1),6 failed (1),7 passed"; strings.Join(*told, ",") != want {
		t.Errorf("told %q, want %q", *told, want)
	}
	run, err := r.record.end()
	if err != nil || len(run.Jobs) != 7 || run.Jobs[4].Name != "t #5" || run.Jobs[4].State != outcome.Failed || run.Jobs[4].Line != "1/9 sums FAIL 0.5s" {
		t.Errorf("record %+v, %v", run, err)
	}
	if text, err := os.ReadFile(filepath.Join(r.dir, run.Jobs[2].Log)); string(text) != "error: other\n" {
		t.Errorf("log %q, %v", text, err)
	}
}

// TestUntilFailure ends with the first failure, or if the engine cannot run the job.
func TestUntilFailure(t *testing.T) {
	for state, fast := range map[outcome.State]bool{outcome.Failed: true, outcome.TimedOut: true, outcome.NoImage: false, outcome.EngineError: false} {
		r, told := newRepeater(t, RepeatOptions{LocalOptions: LocalOptions{FailFast: fast}}, func(n int) (outcome.State, string) {
			if n == keptRounds+5 {
				return state, "it"
			}
			return outcome.Passed, "fine"
		})
		if err := r.all(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := r.record.end(); err != nil {
			t.Error(err)
		}
		if r.out.Passed != keptRounds+4 || r.out.Failed != 1 || len(*told) != keptRounds+5 {
			t.Errorf("%s: %d passed, %d failed, %d told", state, r.out.Passed, r.out.Failed, len(*told))
		}
		logs, _ := filepath.Glob(filepath.Join(r.dir, "*.log"))
		times, _ := filepath.Glob(filepath.Join(r.dir, "*.times"))
		if len(logs) != keptRounds+1 || len(times) != len(logs) {
			t.Errorf("%d logs, %d times", len(logs), len(times))
		}
	}
}

// TestRepeatOfAJobThatMayFail: the failures of a job that may fail count if the user named it,
// and not if it is one of many.
func TestRepeatOfAJobThatMayFail(t *testing.T) {
	for named, want := range map[bool]string{true: "1 passed, 1 failed, 1 of them allowed\n    1  error: it (first in run 2)\n", false: "3 passed, 0 failed\n"} {
		r, _ := newRepeater(t, RepeatOptions{Times: 3, LocalOptions: LocalOptions{FailFast: true}}, func(n int) (outcome.State, string) {
			if n == 2 {
				return outcome.Failed, "error: it"
			}
			return outcome.Passed, "fine"
		})
		r.jobs[0].Named = named
		tasks := r.tasks
		r.tasks = func(jobs []*jobrun.Job, first int) []scheduler.Task {
			all := tasks(jobs, first)
			all[0].AllowFailure = true
			return all
		}
		var told []string
		r.o.Watch = func(x Round) { told = append(told, x.Text(3)) }
		if err := r.all(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := r.record.end(); err != nil {
			t.Error(err)
		}
		if got := r.out.Text(); got != want || r.out.Failed != r.out.Allowed {
			t.Errorf("named %v: got %q, want %q", named, got, want)
		}
		if len(told) < 2 || !strings.HasPrefix(told[1], "run 2 of 3: failed (1) in ") || !strings.HasSuffix(told[1], ", allowed: error: it") {
			t.Errorf("told %q", told)
		}
	}
}

// TestRepeatSideBySide runs several rounds at once, and is stopped.
func TestRepeatSideBySide(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var running, most atomic.Int32
	all := make(chan struct{})
	r, told := newRepeater(t, RepeatOptions{LocalOptions: LocalOptions{Parallel: 3}}, func(n int) (outcome.State, string) {
		if now := running.Add(1); now > most.Load() {
			most.Store(now)
		}
		defer running.Add(-1)
		if n == 3 {
			close(all)
		}
		<-all
		if n >= 9 {
			stop()
			return outcome.Stopped, ""
		}
		return outcome.Passed, ""
	})
	if err := r.all(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.record.end(); err != nil {
		t.Error(err)
	}
	if most.Load() != 3 || r.out.Failed != 0 || len(*told) != r.out.Passed || r.out.Passed < 6 {
		t.Errorf("%d at a time, %d passed, %d failed, told %q", most.Load(), r.out.Passed, r.out.Failed, *told)
	}
}

// TestRepeatInterrupted: rounds that are missing are not a success.
func TestRepeatInterrupted(t *testing.T) {
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		times, stopAt int
		failFast      bool
		state         outcome.State // of the round during which the command is interrupted
		want          error
		text          string
	}{
		"in the first":       {10, 1, false, outcome.Stopped, enough, "0 passed, 0 failed, 1 stopped, 9 not run\n"},
		"in the second":      {3, 2, false, outcome.Stopped, enough, "1 passed, 0 failed, 1 stopped, 1 not run\n"},
		"after the second":   {3, 2, false, outcome.Passed, enough, "2 passed, 0 failed, 1 not run\n"},
		"without end":        {0, 2, true, outcome.Stopped, enough, "1 passed, 0 failed, 1 stopped\n"},
		"in the last":        {2, 2, false, outcome.Passed, nil, "2 passed, 0 failed\n"},
		"after the last":     {2, 9, false, outcome.Passed, nil, "2 passed, 0 failed\n"},
		"at the failure":     {9, 2, true, outcome.Failed, nil, "1 passed, 1 failed\n    1   (first in run 2)\n"},
		"after some failure": {9, 2, false, outcome.Failed, enough, "1 passed, 1 failed, 7 not run\n    1   (first in run 2)\n"},
	} {
		ctx, stop := context.WithCancelCause(t.Context())
		r, _ := newRepeater(t, RepeatOptions{Times: c.times, LocalOptions: LocalOptions{FailFast: c.failFast}}, func(n int) (outcome.State, string) {
			if n == c.stopAt {
				stop(enough)
				return c.state, ""
			}
			return outcome.Passed, ""
		})
		if err := r.all(ctx); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		stop(enough)
		if _, err := r.record.end(); err != nil {
			t.Error(err)
		}
		if err := r.interrupted(ctx); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
		if got := r.out.Text(); got != c.text {
			t.Errorf("%s: %q, want %q", name, got, c.text)
		}
	}
}

// TestNumbered: jobs of a round need each other's artifacts, and those of jobs that run once
// for all rounds.
func TestNumbered(t *testing.T) {
	once := &jobrun.Job{Job: gitlabci.Job{Name: "once"}}
	a := &jobrun.Job{Job: gitlabci.Job{Name: "a"}, WaitsFor: []string{"once"}, ArtifactsFrom: []*jobrun.Job{once}}
	b := &jobrun.Job{Job: gitlabci.Job{Name: "b"}, WaitsFor: []string{"once", "a"}, ArtifactsFrom: []*jobrun.Job{once, a}}
	got := numbered([]*jobrun.Job{a, b}, 3)
	if got[0].Name != "a #3" || got[0].WaitsFor != nil || got[0].ArtifactsFrom[0] != once {
		t.Errorf("a is %+v", got[0])
	}
	if got[1].Name != "b #3" || !slices.Equal(got[1].WaitsFor, []string{"a #3"}) || got[1].ArtifactsFrom[0] != once || got[1].ArtifactsFrom[1] != got[0] {
		t.Errorf("b is %+v", got[1])
	}
	if a.Name != "a" || len(b.WaitsFor) != 2 {
		t.Errorf("the jobs themselves became %+v, %+v", a, b)
	}
}
