// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// keptEngine has kept containers, whose state is always unknown.
type keptEngine struct {
	Engine
	kept   []string
	busy   string
	locked map[string]int
}

func (e *keptEngine) Kept(context.Context) (all []api.KeptContainer, _ error) {
	for _, name := range e.kept {
		all = append(all, api.KeptContainer{Name: name})
	}
	return all, nil
}

func (e *keptEngine) LockKept(name string, _ bool) (func(), bool, error) {
	switch {
	case !strings.Contains(strings.Join(e.kept, " "), name):
		return nil, false, api.ErrNotKept
	case name == e.busy:
		return nil, true, nil
	}
	e.locked[name]++
	return func() { e.locked[name]-- }, false, nil
}

func (e *keptEngine) Open(context.Context, string) (jobrun.Container, error) {
	return nil, errors.New("nothing is here")
}

// TestResumeRefused: all jobs that cannot be continued are named, and their containers
// are not locked afterwards.
func TestResumeRefused(t *testing.T) {
	e := &keptEngine{kept: []string{"k1", "k2"}, busy: "k2", locked: map[string]int{}}
	p := &Plan{Chosen: &Chosen{}, source: &Source{}}
	o := LocalOptions{Engine: e, Retry: "ID", Resume: map[string]jobrun.Kept{}}
	for i, name := range []string{"a b", "two", "three"} {
		p.Jobs = append(p.Jobs, &jobrun.Job{Job: gitlabci.Job{Name: name}})
		o.Resume[name] = jobrun.Kept{Container: []string{"k1", "k2", "k3"}[i]}
	}
	_, err := p.resume(t.Context(), o)
	if err == nil {
		t.Fatal("jobs are continued")
	}
	want := "cannot continue job \"a b\": nothing is here\n" +
		"cannot continue job \"two\": another run or a shell uses its container k2\n" +
		"cannot continue job \"three\": its container is gone: k3"
	if err.Error() != want {
		t.Errorf("got %s", err)
	}
	if got := diag.Hint(err); got != `"lcitool job retry --run ID 'a b' two three" runs them from their first commands` {
		t.Errorf("hint %s", got)
	}
	if e.locked["k1"] != 0 {
		t.Error("a container stays locked")
	}
}

// TestEnterBusy: a shell does not enter a container whose job is being continued.
func TestEnterBusy(t *testing.T) {
	e := &keptEngine{kept: []string{"k"}, busy: "k"}
	_, _, err := openKept(t.Context(), e, "k")
	if err == nil || !strings.Contains(err.Error(), "a run continues the job in container k") {
		t.Error(err)
	}
}

// TestKeptNotes: containers that were removed since are not said to be kept.
func TestKeptNotes(t *testing.T) {
	run := &jobrecord.Run{Jobs: []jobrecord.Job{{Name: "a", Container: "k1"}, {Name: "b"}, {Name: "c", Container: "k3"}, {Name: "d", Container: "k4"}}}
	kept, removed, err := AfterRun(t.Context(), &keptEngine{kept: []string{"k3", "k4"}}, run)
	if err != nil {
		t.Fatal(err)
	}
	want := "containers are kept of c, d: \"lcitool job shell JOB\" enters one\nonly the newest containers are kept, so these were removed: a"
	if got := strings.Join(KeptNotes(kept, removed, false), "\n"); got != want {
		t.Errorf("got %s", got)
	}
	if got := strings.Join(KeptNotes(kept[:1], nil, true), "\n"); got != `its container is kept: "lcitool job shell --last-failed" enters it` {
		t.Errorf("got %s", got)
	}
}
