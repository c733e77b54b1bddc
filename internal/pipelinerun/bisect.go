// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/bisect"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// BisectOptions are the options of Bisect.
type BisectOptions struct {
	Project   string // absolute directory
	Job       string
	Good, Bad string   // revisions
	Command   string   // in place of the job's script, "" for that
	Settings  []string // what else decides how the job runs; a search with others starts from the beginning
	StateDir  string   // for the state of an interrupted search
	Messages  Messages

	Step    func(line string) error                               // called with a line about each commit tested
	Connect func() error                                          // connects to the engine; called once, after the job was planned at Bad
	Plan    func(commit string) (p *Plan, done func(), err error) // plans the job for a commit
	Local   func() (LocalOptions, error)                          // called after Plan
}

// A CommitBisection is the result of Bisect.
type CommitBisection struct {
	Job     string        `json:"job"`
	Good    string        `json:"good"` // commit
	Bad     string        `json:"bad"`
	Found   bool          `json:"found"`
	End     bisect.End    `json:"end"`
	Commits []string      `json:"commits"` // the first bad commit if Found, otherwise candidates
	Steps   []bisect.Step `json:"steps"`
	Text    []string      `json:"text"` // the result in words
}

// Bisect searches for the first commit with which a job fails.
func Bisect(ctx context.Context, o BisectOptions) (*CommitBisection, error) {
	repo, err := gitcmd.Open(ctx, o.Project)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	s, err := o.session(ctx, repo)
	if err != nil {
		return nil, err
	}
	if err := o.checkJob(ctx, s.Bad); err != nil {
		return nil, err
	}
	if err := o.Connect(); err != nil {
		return nil, err
	}
	for {
		next, err := s.Next(ctx)
		if err != nil {
			return nil, err
		}
		if next.Commit == "" {
			b := &CommitBisection{
				Job: o.Job, Good: s.Good, Bad: s.Bad, Found: next.End == bisect.FoundThese, End: next.End,
				Commits: append([]string{}, next.Candidates...), Steps: s.Steps,
			}
			b.Text, err = b.text(ctx, repo, next.Last)
			return b, errors.Join(s.Forget(), err)
		}
		subject, _ := repo.Git(ctx, "show", "-s", "--format=%s", next.Commit) // for display only
		o.Messages.infof("running %s with %.12s, about %d more: %s", o.Job, next.Commit, max(0, next.Left), subject)
		step := bisect.Step{Commit: next.Commit, Subject: termtext.Line(subject)}
		if step.Verdict, step.Why, err = o.judge(ctx, next.Commit); err != nil {
			return nil, err
		}
		if err := s.Add(step); err != nil {
			return nil, err
		}
		if err := o.Step(fmt.Sprintf("%-4s %.12s %s (%s)", step.Verdict, step.Commit, step.Subject, step.Why)); err != nil {
			return nil, err
		}
	}
}

// session opens the search, or resumes an interrupted one.
func (o *BisectOptions) session(ctx context.Context, repo *gitcmd.Repo) (s *bisect.Session, err error) {
	s = &bisect.Session{Repo: repo}
	if s.Good, err = repo.Resolve(ctx, o.Good); err != nil {
		return nil, fmt.Errorf("--good: %w", err)
	}
	if s.Bad, err = repo.Resolve(ctx, o.Bad); err != nil {
		return nil, fmt.Errorf("--bad: %w", err)
	}
	if err := s.Check(ctx); err != nil {
		return nil, err
	}
	if o.StateDir == "" {
		return nil, diag.WithHint(errors.New("no directory for the steps of the search"), "set HOME or XDG_STATE_HOME")
	}
	parts := append([]string{o.Project, o.Job, s.Good, s.Bad, o.Command}, o.Settings...)
	key := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	s.File = filepath.Join(o.StateDir, "bisect", fmt.Sprintf("%x.json", key[:8]))
	if err := s.Load(); err != nil {
		return nil, diag.WithHint(err, "remove "+s.File)
	}
	if len(s.Steps) > 0 {
		o.Messages.infof("continuing a search that was interrupted after %d commits", len(s.Steps))
	}
	return s, nil
}

// checkJob fails if the pipeline of a commit cannot be read, or has no such job.
func (o *BisectOptions) checkJob(ctx context.Context, commit string) error {
	p, done, err := o.Plan(commit)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		defer done()
		_, err = p.exactly(o.Job)
	}
	if err != nil {
		return fmt.Errorf("cannot run %q at the bad commit %.12s: %w", o.Job, commit, err)
	}
	return nil
}

// exactly returns the job with a name, which is no pattern.
func (p *Plan) exactly(name string) (*jobrun.Job, error) {
	for _, j := range p.Jobs {
		if j.Name == name {
			return j, nil
		}
	}
	return nil, diag.WithHint(fmt.Errorf("the pipeline has no job that is called exactly %q", name), `"lcitool job list --all" lists the jobs`)
}

// judge runs the job with a commit. The error is one of the search, not of the
// job.
func (o *BisectOptions) judge(ctx context.Context, commit string) (bisect.Verdict, string, error) {
	p, done, err := o.Plan(commit)
	if ctx.Err() != nil {
		return "", "", context.Cause(ctx)
	}
	if err != nil {
		return bisect.Skip, err.Error(), nil
	}
	defer done()
	local, err := o.Local()
	if err != nil {
		return "", "", err
	}
	return judge(ctx, p, o.Job, o.Command, local)
}

// judge runs the jobs of a plan, and says what the result of one of them means.
// command replaces its script unless it is "".
func judge(ctx context.Context, p *Plan, job, command string, local LocalOptions) (bisect.Verdict, string, error) {
	for _, j := range p.Jobs {
		if command != "" && j.Name == job {
			j.Script = []string{command}
		}
	}
	local.Console, local.Step = quietConsole(), true
	result, err := Local(ctx, p, local)
	if ctx.Err() != nil {
		return "", "", context.Cause(ctx)
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

// verdictOn maps the result of a job to a verdict on its commit. Exit status 125
// skips the commit, as in git bisect run.
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

// quietConsole discards all output, which is in the logs.
func quietConsole() progress.Console {
	return progress.Console{
		Stdout: io.Discard, Stderr: io.Discard,
		Program:  func(w io.Writer) (io.Writer, func()) { return w, func() {} },
		Redirect: func(io.Writer) func() { return func() {} },
	}
}

// text says what was found. last is the step of the end of the search that b.End
// is about, or nil.
func (b *CommitBisection) text(ctx context.Context, repo *gitcmd.Repo, last *bisect.Step) ([]string, error) {
	switch {
	case b.End == bisect.GoodFails:
		return []string{fmt.Sprintf("%s does not pass at the good commit %.12s, so no commit is named: %s", b.Job, b.Good, last.Why)}, nil
	case b.End == bisect.BadPasses && last.Verdict == bisect.Good:
		return []string{fmt.Sprintf("%s passes at the bad commit %.12s: there is nothing to find", b.Job, b.Bad)}, nil
	case b.End == bisect.BadPasses:
		return []string{fmt.Sprintf("%s cannot be judged at the bad commit %.12s, so no commit is named: %s", b.Job, b.Bad, last.Why)}, nil
	}
	reservation := ""
	if b.End == bisect.GoodUnknown {
		reservation = fmt.Sprintf(", if %s passes at the good commit %.12s, where it cannot be judged: %s", b.Job, b.Good, last.Why)
	}
	if len(b.Commits) > 1 {
		return append([]string{"the first bad commit is one of these, as the others were skipped" + cmp.Or(reservation, ":")}, b.Commits...), nil
	}
	text, err := repo.Git(ctx, "show", "-s", "--format=commit %H%nAuthor: %an <%ae>%nDate:   %ad%n%n    %s", b.Commits[0])
	if err != nil {
		return nil, fmt.Errorf("cannot show commit %s: %w", b.Commits[0], err)
	}
	return append([]string{b.Commits[0] + " is the first bad commit" + reservation}, strings.Split(text, "\n")...), nil
}
