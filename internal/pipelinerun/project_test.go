// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// TestReadOnlyHome: an error says what helps.
func TestReadOnlyHome(t *testing.T) {
	for cause, want := range map[error]bool{syscall.EROFS: true, syscall.EACCES: true, syscall.ENOSPC: false} {
		err := noRoom(&os.PathError{Op: "mkdir", Path: "/home/u/.cache", Err: cause})
		if !errors.Is(err, cause) || strings.HasPrefix(diag.Hint(err), "XDG_CACHE_HOME ") != want {
			t.Errorf("%v, hint %q", err, diag.Hint(err))
		}
	}
}

func TestFindProject(t *testing.T) {
	top := t.TempDir()
	below := filepath.Join(top, "p", "src", "deep")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if dir, err := FindProject(below); err == nil && strings.HasPrefix(dir, top) {
		t.Errorf("no pipeline, but %s", dir)
	}
	project := filepath.Join(top, "p")
	if err := os.WriteFile(filepath.Join(project, PipelineFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{below, project} {
		if got, err := FindProject(dir); err != nil || got != project {
			t.Errorf("from %s: %s, %v", dir, got, err)
		}
	}
	t.Chdir(below)
	if got, err := FindProject(""); err != nil || got != project {
		t.Errorf("from the current directory: %s, %v", got, err)
	}
}

func TestCheckoutsDir(t *testing.T) {
	if got := CheckoutsDir("/c"); got != "/c/checkouts" {
		t.Error(got)
	}
	t.Setenv("TMPDIR", "below")
	if got := CheckoutsDir(""); !strings.HasSuffix(got, fmt.Sprintf("lcitool-checkouts-%d", os.Getuid())) || !filepath.IsAbs(got) {
		t.Error(got)
	}
}

func TestParseInputs(t *testing.T) {
	got, err := ParseInputs([]string{"a=1", "b=", "c=x=y", "a=2"})
	if want := map[string]string{"a": "2", "b": "", "c": "x=y"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", err, got)
	}
	for _, in := range []string{"", "=1", "a"} {
		if _, err := ParseInputs([]string{in}); err == nil {
			t.Errorf("%q is no input", in)
		}
	}
}

func said() (Messages, *[]string) {
	lines := &[]string{}
	return Messages{Infof: func(format string, args ...any) { *lines = append(*lines, fmt.Sprintf(format, args...)) }}, lines
}

func TestWriteMissing(t *testing.T) {
	for _, c := range []struct {
		kind, why string
		hint      bool
	}{
		{"remote", "", true}, {"project", "", true}, {"component", "", true}, {"local", "", false}, {"template", "", true}, {"remote", "it is not public", false},
	} {
		m, lines := said()
		e := &Evaluation{source: &Source{messages: m}, Evaluation: &gitlabci.Evaluation{Missing: []gitlabci.Missing{{Kind: c.kind, Why: c.why}}}}
		e.WriteMissing()
		if hint := slices.Contains(*lines, "hint: --fetch fetches what is public"); hint != c.hint || !strings.HasSuffix((*lines)[0], c.why) {
			t.Errorf("%+v: %q", c, *lines)
		}
	}
}

func TestReport(t *testing.T) {
	m, lines := said()
	p := &Plan{Chosen: &Chosen{Skipped: []string{"a: by hand"}}, source: &Source{messages: m}}
	err := p.Report(false, "push", nil)
	if err == nil || !strings.Contains(diag.Hint(err), `"push"`) || !slices.Equal(*lines, []string{"left out a: by hand"}) {
		t.Errorf("%v, hint %q, %q", err, diag.Hint(err), *lines)
	}
}

func TestReportNamesWhatIsLeftOut(t *testing.T) {
	for _, untracked := range []bool{false, true} {
		m, lines := said()
		p := &Plan{Chosen: &Chosen{}, source: &Source{messages: m, snapshot: &checkout.Snapshot{Left: checkout.Left{Untracked: 2, Ignored: 1}}}}
		_ = p.Report(untracked, "push", nil)
		if got := len(*lines) == 1 && strings.Contains((*lines)[0], "2 files, 1 ignored; --untracked includes them"); got == untracked {
			t.Errorf("--untracked %v: %q", untracked, *lines)
		}
	}
}

func TestReportOfAPlanWithJobs(t *testing.T) {
	_, p := project(t, map[string]string{PipelineFile: "a:\n  image: i\n  script: [x]\n"}, "a")
	m, lines := said()
	p.source.messages = m
	p.Missing, p.Implied = []string{"b needs c"}, []string{"d", "e"}
	if err := p.Report(true, "push", nil); err != nil {
		t.Fatal(err)
	}
	if want := []string{"warning: b needs c", "also needed for their artifacts: d, e"}; !slices.Equal(*lines, want) {
		t.Errorf("%q", *lines)
	}
}

func example() *Result {
	return &Result{
		Dir: "/runs/1",
		Run: &jobrecord.Run{Jobs: []jobrecord.Job{
			{Name: "a", State: outcome.Passed, Artifacts: "/p/a"},
			{Name: "b", State: outcome.Failed, Command: "make\ncheck", Container: "lcitool-b"},
			{Name: "c", State: outcome.NoImage, Target: "debian-13", Container: "lcitool-c"},
		}},
		Jobs: []outcome.Result{{Workload: "a", State: outcome.Passed}, {Workload: "b", State: outcome.Failed, Code: 2}, {Workload: "c", State: outcome.NoImage, Err: &api.BuildError{BaseMissing: true}}},
	}
}

func TestNotes(t *testing.T) {
	r := example()
	want := []string{"logs: /runs/1", "artifacts: /p/a", "b failed in: make …"}
	got := r.Notes(false)
	if len(got) != 3 || !slices.Equal(got[:2], want[:2]) || !strings.HasPrefix(got[2], "b failed in: make") || strings.Contains(got[2], "check") {
		t.Errorf("%q", got)
	}
	r.Remote = &RemotePipeline{URL: "https://g/1", Notes: []string{"a: no artifacts"}}
	if got := r.Notes(false); !slices.Equal(got, []string{"logs: /runs/1", "artifacts: /p/a", "a: no artifacts", "pipeline: https://g/1 (status unknown)"}) {
		t.Errorf("%q", got)
	}
	r.Jobs, r.Run.Jobs, r.Remote = nil, nil, &RemotePipeline{URL: "https://g/1", Status: "failed"}
	if got := r.Notes(false); !slices.Equal(got, []string{"pipeline: https://g/1 (failed)"}) {
		t.Errorf("a pipeline without jobs: %q", got)
	}
}

func TestErrorsOfJobsThatCouldNotRun(t *testing.T) {
	r := example()
	errs := r.Errors()
	if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "c: ") || !strings.Contains(diag.Hint(errs[0]), "bootstrap debian-13") {
		t.Errorf("%q", errs)
	}
	r.Jobs[1].State = outcome.EngineError
	if errs = r.Errors(); len(errs) != 2 {
		t.Errorf("%q", errs)
	}
	if kept := r.Kept(); kept == nil || kept.Name != "b" {
		t.Errorf("the first kept container is of %+v", kept)
	}
	if rows := r.Rows(); rows[0][0] != "JOB" || len(rows) != 4 {
		t.Errorf("%q", rows)
	}
	r.Run.Jobs = r.Run.Jobs[:1]
	if kept := r.Kept(); kept != nil {
		t.Errorf("%+v is kept", kept)
	}
}

func TestRounds(t *testing.T) {
	failed := Round{Number: 3, Worst: outcome.Result{State: outcome.Failed, Code: 2, Line: "error: x"}, Duration: 2 * time.Second}
	if got := failed.Text(0); !strings.HasPrefix(got, "run 3: failed (2) in ") || !strings.HasSuffix(got, ": error: x") {
		t.Error(got)
	}
	passed := Round{Number: 1, Worst: outcome.Result{State: outcome.Passed, Line: "last"}}
	if got := passed.Text(5); !strings.HasPrefix(got, "run 1 of 5: passed in ") || strings.Contains(got, "last") {
		t.Error(got)
	}
	r := &Repetitions{Result: &Result{Run: &jobrecord.Run{Jobs: []jobrecord.Job{{Name: "a #2", Target: "debian-13"}}}}}
	if err := r.FirstError(); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	r.Jobs = []outcome.Result{{Workload: "a #1", State: outcome.Failed}, {Workload: "a #2", State: outcome.EngineError, Err: broken}}
	if err := r.FirstError(); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "a: ") {
		t.Errorf("%v", err)
	}
}

// TestSkippedPush: a note says that GitLab makes no pipeline for a push of a commit whose
// message says so.
func TestSkippedPush(t *testing.T) {
	s := opened(t, map[string]string{PipelineFile: "workflow: {rules: [{if: $NO, when: never}, {when: always}]}\na: {script: [x]}\n"})
	for _, c := range []struct {
		source, message string
		vars            map[string]string
		want            string
	}{
		{gitlabci.Push, "title\n\n[Skip CI] now", nil, `GitLab makes no pipeline when this commit is pushed: its message contains "[Skip CI]"`},
		{gitlabci.Push, "a [ci-skip]", nil, `GitLab makes no pipeline when this commit is pushed: its message contains "[ci-skip]"`},
		{gitlabci.Push, "skip ci", nil, ""}, {gitlabci.Push, "[skip  ci]", nil, ""}, {gitlabci.Web, "[skip ci]", nil, ""},
		{gitlabci.Push, "[skip ci]", map[string]string{"NO": "1"}, "this event makes no pipeline: "},
	} {
		m, lines := said()
		s.messages = m
		e := s.Evaluate(t.Context(), gitlabci.Event{Source: c.source, Variables: c.vars})
		e.event.Predefined = map[string]string{"CI_COMMIT_MESSAGE": c.message}
		e.WriteNotes(e.List(false), nil)
		if got := strings.Join(*lines, "\n"); c.want == "" && got != "" || !strings.HasPrefix(got, c.want) || strings.Count(got, "makes no pipeline") > 1 {
			t.Errorf("%+v: said %q", c, got)
		}
	}
}
