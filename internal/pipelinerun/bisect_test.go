// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os/exec"
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
