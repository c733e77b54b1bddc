// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

func TestRecord(t *testing.T) {
	dir, began := t.TempDir(), time.Now().UTC().Truncate(time.Second)
	jobs := []*jobrun.Job{
		{Job: gitlabci.Job{Name: "first", Stage: "build"}, Image: jobrun.Image{Reference: "i"}},
		{Job: gitlabci.Job{Name: "second"}, WaitsFor: []string{"first"}},
	}
	r, err := newRecorder(dir, jobrecord.Run{}, jobs, "/builds/p", redact.New("hunter2"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.event(scheduler.Event{Task: "first", State: outcome.Running, Time: began, Log: "/logs/first.log"})
	r.outcome(0, jobrun.Outcome{
		ImageID: "id", Container: "kept", Command: "make TOKEN=hunter2", Dir: "/builds/q", Env: []string{"A=hunter2"}, Packages: []string{"p"},
		Artifacts: "/a", JUnit: []string{"x.xml"}, Phases: []jobrun.Phase{{Name: "script", Duration: 2500 * time.Millisecond}},
		Commands: []jobrun.Command{{Stage: "script", Text: "make", Started: began, Duration: 500 * time.Millisecond}},
	})
	result := outcome.Result{Workload: "first", State: outcome.Failed, Code: 3, Allowed: true, Line: "why", Coverage: "12.5", Built: true, Duration: 1250 * time.Millisecond}
	r.event(scheduler.Event{Task: "first", State: outcome.Failed, Result: &result})
	run, err := r.end()
	if err != nil || run.Ended.IsZero() {
		t.Fatal(run, err)
	}
	stored, err := jobrecord.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := jobrecord.Job{
		Name: "first", Stage: "build", Kind: "other", State: outcome.Failed, Code: 3, Allowed: true, Line: "why", Coverage: "12.5", Built: true, Duration: 1.25,
		Started: began, Log: "first.log", Image: "i", ImageID: "id", Container: "kept", Command: "make TOKEN=[hidden]", WorkDir: "/builds/q",
		Env: []string{"A=[hidden]"}, Packages: []string{"p"}, Artifacts: "/a", JUnit: []string{"x.xml"},
		Phases:   []jobrecord.Phase{{Name: "script", Duration: 2.5}},
		Commands: []jobrecord.Command{{Stage: "script", Command: "make", Started: began, Duration: 0.5}},
	}
	if !reflect.DeepEqual(stored.Jobs[0], want) {
		t.Errorf("got  %+v\nwant %+v", stored.Jobs[0], want)
	}
	if waits := stored.Jobs[1]; waits.State != outcome.Waiting || waits.WorkDir != "/builds/p" || len(waits.Needs) != 1 || waits.Duration != 0 {
		t.Errorf("got %+v", waits)
	}
}

// TestManyPackages: the lists of packages that images claim do not make a record
// too large to be read again.
func TestManyPackages(t *testing.T) {
	r := &recorder{run: jobrecord.Run{Jobs: make([]jobrecord.Job, 3)}, packages: len(`["a_1_all"]`) + len(`["b"]`)}
	for i, list := range [][]string{{"a_1_all"}, {strings.Repeat("x", 10)}, {"b"}} {
		r.outcome(i, jobrun.Outcome{Packages: list})
	}
	for i, want := range []int{1, 0, 1} {
		if got := len(r.run.Jobs[i].Packages); got != want {
			t.Errorf("job %d: %d packages, want %d", i, got, want)
		}
	}
}

// TestPackagesOfRepetitions: a list that is removed from the record leaves its room to others.
func TestPackagesOfRepetitions(t *testing.T) {
	list := []string{"a_1_all"}
	r := &recorder{run: jobrecord.Run{Jobs: make([]jobrecord.Job, 3)}, packages: listSize(list), at: map[string]int{"one": 0}, dir: t.TempDir(), changed: make(chan struct{}, 1)}
	r.outcome(0, jobrun.Outcome{Packages: list})
	r.outcome(1, jobrun.Outcome{Packages: list})
	r.thin("one")
	r.outcome(2, jobrun.Outcome{Packages: list})
	for i, want := range []int{0, 0, 1} {
		if got := len(r.run.Jobs[i].Packages); got != want {
			t.Errorf("job %d: %d packages, want %d", i, got, want)
		}
	}
}
