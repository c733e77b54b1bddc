// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/bisect"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func newJobBisect(a *app) *cobra.Command {
	v := newJobVerb(a)
	var good, bad, command string
	cmd := &cobra.Command{
		Use:   "bisect JOB --good REV --bad REV",
		Short: "Find the commit that broke a job",
		Long: `Run a job with commits between a good and a bad one, halving what is left each time,
and name the first commit with which it fails. Each runs as "job run --commit" does,
in the image that its own Dockerfile describes. Your tree stays as it is.

A commit is skipped if the job does not get to its script there: the pipeline cannot be
read or has no such job, the image cannot be built, a job that it needs fails; and if
the script ends with status 125. A search that is interrupted goes on when it is
called again in the same way.

The exit status is 0 if the first bad commit was found, and 1 if skipped commits hide it.`,
		Example: `  lcitool job bisect x86_64-debian-12 --good v1.2.0 --bad HEAD
  lcitool job bisect x86_64-debian-12 --good HEAD~20 --bad HEAD --run './build.sh sums'`,
		Args: needArgs("JOB"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if good == "" || bad == "" {
				return &usageError{cmd, errors.New("the following arguments are required: --good, --bad")}
			}
			if err := v.limits.check(cmd); err != nil {
				return err
			}
			return v.bisect(cmd, args[0], good, bad, command)
		},
	}
	f := cmd.Flags()
	f.StringVar(&good, "good", "", "commit with which the job passes (required)")
	f.StringVar(&bad, "bad", "", "later commit with which it fails (required)")
	f.StringVar(&command, "run", "", "command to run instead of the job's script, after its before_script")
	f.StringArrayVar(&v.env, "env", nil, "environment variable of the scripts: NAME=VALUE, or NAME for its value here; may be repeated")
	v.imageFlags(f)
	v.limits.flags(f)
	v.event.flags(f)
	v.engine.flags(cmd)
	return cmd
}

// bisect searches for the first commit with which a job fails.
func (v *jobVerb) bisect(cmd *cobra.Command, job, good, bad, command string) error {
	ctx, a := cmd.Context(), v.app
	project, err := a.pipelineDirectory()
	if err != nil {
		return err
	}
	repo, err := gitcmd.Open(ctx, project)
	if err != nil {
		return err
	}
	defer repo.Close()
	s := &bisect.Session{Repo: repo}
	if s.Good, err = repo.Resolve(ctx, good); err != nil {
		return fmt.Errorf("--good: %w", err)
	}
	if s.Bad, err = repo.Resolve(ctx, bad); err != nil {
		return fmt.Errorf("--bad: %w", err)
	}
	if err := s.Check(ctx); err != nil {
		return err
	}
	state := a.stateDir()
	if state == "" {
		return errors.New("cannot keep the steps of the search: neither XDG_STATE_HOME nor HOME says where")
	}
	key := sha256.Sum256([]byte(strings.Join([]string{project, job, s.Good, s.Bad, command}, "\x00")))
	s.File = filepath.Join(state, "bisect", fmt.Sprintf("%x.json", key[:8]))
	if err := s.Load(); err != nil {
		return diag.WithHint(err, "remove "+s.File)
	}
	if len(s.Steps) > 0 {
		a.infof("going on with a search that was interrupted after %d commits", len(s.Steps))
	}
	engine, err := v.engine.connect(ctx, cmd)
	if err != nil {
		return err
	}
	v.choice.Names, v.onFailure = []string{job}, "none"
	for {
		next, err := s.Next(ctx)
		if err != nil {
			return err
		}
		if next.Commit == "" {
			return errors.Join(s.Forget(), a.bisected(ctx, repo, next.Candidates))
		}
		subject, _ := repo.Git(ctx, "show", "-s", "--format=%s", next.Commit) // only shown
		a.infof("running %s with %.12s, about %d more: %s", job, next.Commit, max(0, next.Left), subject)
		step := bisect.Step{Commit: next.Commit, Subject: termtext.Line(subject)}
		if step.Verdict, step.Why, err = v.judge(cmd, engine, next.Commit, job, command); err != nil {
			return err
		}
		if err := s.Add(step); err != nil {
			return err
		}
		if err := a.lines([]string{fmt.Sprintf("%-4s %.12s %s (%s)", step.Verdict, step.Commit, step.Subject, step.Why)}); err != nil {
			return err
		}
	}
}

// judge runs a job with a commit. The error is about the search itself.
func (v *jobVerb) judge(cmd *cobra.Command, engine *container.Engine, commit, job, command string) (bisect.Verdict, string, error) {
	v.commit = commit
	p, done, err := v.plan(cmd)
	if cmd.Context().Err() != nil {
		return "", "", context.Cause(cmd.Context())
	}
	if err != nil {
		return bisect.Skip, err.Error(), nil
	}
	defer done()
	for _, j := range p.Jobs {
		if command != "" && j.Name == job {
			j.Script = []string{command}
		}
	}
	o, err := v.localOptions(engine)
	if err != nil {
		return "", "", err
	}
	o.Console = quietConsole()
	result, err := pipelinerun.Local(cmd.Context(), p, o)
	if cmd.Context().Err() != nil {
		return "", "", context.Cause(cmd.Context())
	}
	if err != nil {
		return "", "", err
	}
	for _, r := range result.Jobs {
		if r.Workload == job {
			verdict, why := verdictOn(r)
			return verdict, why, nil
		}
	}
	return bisect.Skip, "the job did not run", nil
}

// verdictOn says what the end of a job says about its commit. Status 125 is git's
// way to skip one.
func verdictOn(r outcome.Result) (bisect.Verdict, string) {
	why := r.Text()
	if r.Line != "" {
		why += ": " + termtext.Line(r.Line)
	}
	switch {
	case r.State == outcome.Passed:
		return bisect.Good, why
	case r.State == outcome.TimedOut, r.State == outcome.Failed && r.Code != 0 && r.Code != 125:
		return bisect.Bad, why
	}
	return bisect.Skip, why
}

// quietConsole shows nothing: the logs have it.
func quietConsole() progress.Console {
	return progress.Console{
		Stdout: io.Discard, Stderr: io.Discard,
		Program:  func(w io.Writer) (io.Writer, func()) { return w, func() {} },
		Redirect: func(io.Writer) func() { return func() {} },
	}
}

// bisected says what came of a search.
func (a *app) bisected(ctx context.Context, repo *gitcmd.Repo, candidates []string) error {
	if len(candidates) > 1 {
		return errors.Join(a.lines(append([]string{"the first bad commit is one of these, as the others were skipped:"}, candidates...)), statusError(1))
	}
	text, err := repo.Git(ctx, "show", "-s", "--format=commit %H%nAuthor: %an <%ae>%nDate:   %ad%n%n    %s", candidates[0])
	if err != nil {
		return fmt.Errorf("cannot show commit %s: %w", candidates[0], err)
	}
	return a.lines(append([]string{candidates[0] + " is the first bad commit"}, strings.Split(text, "\n")...))
}
