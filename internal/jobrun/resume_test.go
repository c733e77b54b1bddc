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
