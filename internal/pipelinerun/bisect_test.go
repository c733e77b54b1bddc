// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os/exec"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/bisect"
	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/imageupdates"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func TestVerdictOn(t *testing.T) {
	for _, test := range []struct {
		result outcome.Result
		want   bisect.Verdict
	}{
		{outcome.Result{State: outcome.Passed}, bisect.Good},
		{outcome.Result{State: outcome.Failed, Code: 1}, bisect.Bad},
		{outcome.Result{State: outcome.Failed, Code: 1, Allowed: true}, bisect.Bad},
		{outcome.Result{State: outcome.TimedOut}, bisect.Bad},
		{outcome.Result{State: outcome.Failed, Code: 125}, bisect.Skip},
		{outcome.Result{State: outcome.Failed}, bisect.Skip}, // its results could not be stored
		{outcome.Result{State: outcome.NoImage}, bisect.Skip},
		{outcome.Result{State: outcome.EngineError}, bisect.Skip},
		{outcome.Result{State: outcome.Skipped}, bisect.Skip},
	} {
		if got, _ := verdictOn(test.result); got != test.want {
			t.Errorf("%+v: %s, want %s", test.result, got, test.want)
		}
	}
}

// TestCommitBisectionText: only a commit that was seen to fail is called the first bad one.
func TestCommitBisectionText(t *testing.T) {
	t.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
	repo, head := oneCommit(t)
	last := func(v bisect.Verdict, why string) *bisect.Step { return &bisect.Step{Verdict: v, Why: why} }
	for _, test := range []struct {
		end     bisect.End
		commits []string
		last    *bisect.Step
		want    string // the first line
	}{
		{bisect.BadPasses, nil, last(bisect.Good, "passed"), "j passes at the bad commit bbbbbbbbbbbb: there is nothing to find"},
		{bisect.BadPasses, nil, last(bisect.Skip, "no image"), "j cannot be judged at the bad commit bbbbbbbbbbbb, so no commit is named: no image"},
		{bisect.GoodFails, nil, last(bisect.Bad, "failed (1)"), "j does not pass at the good commit aaaaaaaaaaaa, so no commit is named: failed (1)"},
		{bisect.FoundThese, []string{head}, nil, head + " is the first bad commit"},
		{bisect.GoodUnknown, []string{head}, last(bisect.Skip, "no image"), head + " is the first bad commit, if j passes at the good commit aaaaaaaaaaaa, where it cannot be judged: no image"},
		{bisect.Undivided, []string{head, head}, nil, "the first bad commit is one of these, as the others were skipped:"},
		{bisect.GoodUnknown, []string{head, head}, last(bisect.Skip, "no image"), "the first bad commit is one of these, as the others were skipped, if j passes at the good commit aaaaaaaaaaaa, where it cannot be judged: no image"},
	} {
		b := CommitBisection{Job: "j", Good: strings.Repeat("a", 40), Bad: strings.Repeat("b", 40), End: test.end, Commits: test.commits}
		if text, err := b.text(t.Context(), repo, test.last); err != nil || text[0] != test.want || len(text) == 1 != (len(test.commits) == 0) {
			t.Errorf("%s: %q, %v, want %q", test.end, text, err, test.want)
		}
	}
}

func oneCommit(t *testing.T) (repo *gitcmd.Repo, head string) {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"commit", "-q", "--allow-empty", "-m", "one"}} {
		if out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b.example"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	repo, err := gitcmd.Open(t.Context(), dir)
	if err == nil {
		t.Cleanup(repo.Close)
		head, err = repo.Resolve(t.Context(), "HEAD")
	}
	if err != nil {
		t.Fatal(err)
	}
	return repo, head
}

// TestBisectSettings: a search does not go on with the verdicts of one that ran the job
// with other settings.
func TestBisectSettings(t *testing.T) {
	t.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"commit", "-q", "--allow-empty", "-m", "one"}, {"commit", "-q", "--allow-empty", "-m", "two"}} {
		if out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b.example"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	repo, err := gitcmd.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	o := BisectOptions{Project: dir, Job: "j", Good: "HEAD~", Bad: "HEAD", StateDir: t.TempDir()}
	s, err := o.session(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Add(bisect.Step{Commit: s.Bad, Verdict: bisect.Bad}); err != nil {
		t.Fatal(err)
	}
	for n, settings := range [][]string{nil, {"--env=A=1"}, {"--env=A=1", "--event=push"}} {
		o.Settings = settings
		s, err := o.session(t.Context(), repo)
		if err != nil || (len(s.Steps) > 0) != (n == 0) {
			t.Errorf("%q: goes on with %v, %v", settings, s.Steps, err)
		}
	}
}

// TestImageBisectSettings: the same for a search between images.
func TestImageBisectSettings(t *testing.T) {
	comparison := &imageupdates.Comparison{Good: &imageupdates.Image{ID: "1"}, Bad: &imageupdates.Image{ID: "2"}}
	state := t.TempDir()
	for n, settings := range [][]string{{"--event=push"}, {"--event=push"}, {"--event=schedule"}, nil} {
		b := &imageBisect{
			ImageBisectOptions: ImageBisectOptions{Job: "j", StateDir: state, Settings: settings},
			plan:               &Plan{source: &Source{Project: "/project"}}, comparison: comparison,
		}
		if err := b.open(); err != nil || (len(b.search.Steps) > 0) != (n == 1) {
			t.Errorf("%q: goes on with %v, %v", settings, b.search.Steps, err)
		}
		if err := b.search.Add(bisect.Trial{Image: bisect.GoodImage, Verdict: bisect.Good}); err != nil {
			t.Fatal(err)
		}
	}
}
