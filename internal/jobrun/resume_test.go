// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestResume: the container of a continued job is removed if the job passes, and kept
// otherwise.
func TestResume(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		cancel bool
		steps  string
		want   outcome.State
	}{
		"passes":      {steps: "script 1 1\nscript 2 2\nscript end 3\n", want: outcome.Continued},
		"again":       {steps: "rest 2 0\nrest end 3\n", want: outcome.Continued},
		"fails":       {steps: "script 2 2\n", err: exits(3), want: outcome.Failed},
		"engine":      {steps: "script 2 2\n", err: errors.New("the engine broke"), want: outcome.EngineError},
		"stopped":     {steps: "script 2 2\n", err: context.Canceled, cancel: true, want: outcome.Stopped},
		"not begun":   {steps: "", want: outcome.EngineError},
		"other steps": {steps: "script 3 2\n", want: outcome.EngineError},
	} {
		h := newHarness(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		h.engine.stage = func(_ context.Context, _ *memoryContainer, stage, _ string) error {
			if stage != restStage {
				return nil
			}
			if test.cancel {
				cancel()
			}
			return test.err
		}
		kept := &memoryContainer{engine: h.engine, name: "kept", files: map[string]string{stepsFile: test.steps, beforeFile: "A=1"}}
		h.engine.containers = append(h.engine.containers, kept)
		j := &Job{Job: gitlabci.Job{Name: "j", Script: []string{"one() { :; }", "two"}, AfterScript: []string{"after"}}, Image: Image{Reference: "image"}, Runs: true}
		started := *j
		started.imageID = "id of image"
		kept.files[originFile] = h.newOrigin(&started, nil).text()
		var said bytes.Buffer
		result, out := h.Resume(ctx, j, Kept{Container: "kept", Env: []string{"ADDED=it's"}}, scheduler.Streams{Stdout: &said})
		if result.State != test.want {
			t.Errorf("%s: %s, %v; want %s", name, result.State, result.Err, test.want)
		}
		if passed := test.want == outcome.Continued; kept.removed != passed || (out.Container == "") != passed {
			t.Errorf("%s: removed %v, container %q", name, kept.removed, out.Container)
		}
		if test.want != outcome.Continued {
			continue
		}
		rest := kept.files[stateDir+"/"+restStage]
		if !strings.Contains(rest, "one() { :; }\n. "+beforeFile) || !strings.Contains(rest, `export ADDED='it'\''s'`) || !strings.HasSuffix(rest, "\ntwo\n") || strings.Contains(rest, "$ one") {
			t.Errorf("%s: the rest is\n%s", name, rest)
		}
		if !strings.Contains(said.String(), "at command 2 of 2; earlier commands are not repeated") || out.Resumed != 2 {
			t.Errorf("%s: resumed at %d, said %s", name, out.Resumed, said.String())
		}
		if got := strings.Join(kept.stages, ", "); got != "rest running, after_script success" {
			t.Errorf("%s: stages %s", name, got)
		}
	}
}

// TestUnresumedTree: a job that does not continue has the tree that its container has.
func TestUnresumedTree(t *testing.T) {
	h := newHarness(t)
	h.Tree.Writable = false
	h.engine.containers = []*memoryContainer{{engine: h.engine, name: "kept", files: map[string]string{}}}
	j := &Job{Job: gitlabci.Job{Name: "j", Script: []string{"one"}}, Image: Image{Reference: "image"}, Runs: true}
	result, out := h.Resume(t.Context(), j, Kept{Container: "kept", Tree: "/tree"}, scheduler.Streams{Stdout: new(bytes.Buffer)})
	if result.State != outcome.EngineError || out.Tree != "/tree" || out.Container != "kept" {
		t.Errorf("%s, tree %q, container %q", result.State, out.Tree, out.Container)
	}
}

// TestResumeTells: a continued job says what has changed since and is not repeated, and
// what was masked before stays masked.
func TestResumeTells(t *testing.T) {
	h := newHarness(t)
	h.Secrets = redact.New("s3cr3tvalue99")
	j := &Job{Job: gitlabci.Job{Name: "j", Script: []string{"one", "two"}}, Image: Image{Reference: "image"}, Env: []string{"MY_TOKEN=s3cr3tvalue99", "OLD=1", "SAME=2", "GIVEN=3"}, imageID: "id of image"}
	from := job("from", nil)
	j.ArtifactsFrom = []*Job{from}
	env, err := h.setUp(j)
	if err != nil {
		t.Fatal(err)
	}
	kept := &memoryContainer{engine: h.engine, name: "kept", files: map[string]string{stepsFile: "script 2 1\n", beforeFile: "A=1", originFile: h.newOrigin(j, env).text()}}
	h.engine.containers = append(h.engine.containers, kept)
	if err := h.Artifacts.Add("from", "file", nil); err != nil {
		t.Fatal(err)
	}
	h.engine.stage = func(context.Context, *memoryContainer, string, string) error { return exits(1) }
	h.Secrets = redact.New("another-value")
	j.Script = []string{"three", "two"}
	j.Env = []string{"MY_TOKEN=another-value", "NEW=1", "SAME=2", "GIVEN=4"}
	k := Kept{Container: "kept", Env: []string{"MY_TOKEN=another-value", "GIVEN=4"}}
	var said bytes.Buffer
	result, _ := h.Resume(t.Context(), j, k, scheduler.Streams{Stdout: &said})
	want := `lcitool: continues in container kept at command 2 of 2; earlier commands are not repeated, and processes that they started are gone
lcitool: commands before it that are new or have changed were not run: three
lcitool: the script keeps the old values of variables that have changed: NEW, OLD
lcitool: artifacts of job "from" have changed, and are not copied again
`
	if result.State != outcome.Failed || said.String() != want {
		t.Errorf("%s, said\n%s", result.State, said.String())
	}
	if masked, err := h.CheckKept(t.Context(), j, k); err != nil || strings.Join(masked, " ") != "another-value s3cr3tvalue99" {
		t.Errorf("masked %q, %v", masked, err)
	}
}

// TestResumePassed: a job that has passed is not continued, even if its container could
// not be removed.
func TestResumePassed(t *testing.T) {
	h := newHarness(t)
	j := &Job{Job: gitlabci.Job{Name: "j", Script: []string{"one"}}, Image: Image{Reference: "image"}, imageID: "id of image"}
	kept := &memoryContainer{engine: h.engine, name: "kept", files: map[string]string{stepsFile: "script 1 1\n", beforeFile: "A=1", originFile: h.newOrigin(j, nil).text()}}
	h.engine.containers = append(h.engine.containers, kept)
	if result, _ := h.Resume(t.Context(), j, Kept{Container: "kept"}, scheduler.Streams{}); result.State != outcome.Continued {
		t.Fatal(result.State, result.Err)
	}
	if _, err := h.CheckKept(t.Context(), j, Kept{Container: "kept"}); err == nil || !strings.Contains(err.Error(), "it has passed in its kept container") {
		t.Error(err)
	}
}
