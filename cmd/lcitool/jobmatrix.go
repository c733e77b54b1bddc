// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/term"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
)

// runs is where what runs of jobs came to is kept.
func (a *app) runs() (*jobrecord.Store, error) { return a.store("runs") }

// store is where runs of one kind are kept.
func (a *app) store(kind string) (*jobrecord.Store, error) {
	state := a.stateDir()
	if state == "" {
		return nil, errors.New("cannot keep logs: neither XDG_STATE_HOME nor HOME says where")
	}
	return &jobrecord.Store{Dir: filepath.Join(state, kind)}, nil
}

// matrix runs the chosen jobs and says how they ended.
func (v *jobVerb) matrix(ctx context.Context, engine *container.Engine, p *jobPlan, reports []jobReport) error {
	store, err := v.app.runs()
	if err != nil {
		return err
	}
	live, err := store.Create()
	if err != nil {
		return err
	}
	defer live.Close() //nolint:errcheck // the record is there, or its error is returned
	dir := live.Dir
	runner := v.runner(engine, p)
	runner.Keep = v.keeps()
	secrets := v.secrets(p)
	run := jobrecord.Run{Project: p.project, Commit: p.commit, Event: p.event.Source, Engine: engine.Address()}
	r, err := newRecorder(dir, run, p.chosen.Jobs, runner.Tree.At, secrets)
	if err != nil {
		return err
	}
	var tasks []scheduler.Task
	for i, j := range p.chosen.Jobs {
		tasks = append(tasks, scheduler.Task{
			Name: j.Name, Needs: j.After, When: when(j), AllowFailure: j.AllowFailure, AllowCodes: j.AllowCodes,
			Run: func(ctx context.Context, s scheduler.Streams) outcome.Result {
				result, outcome := runner.Run(ctx, j, s)
				r.outcome(i, outcome)
				return result
			},
		})
	}
	results, err := v.app.show(ctx, tasks, showing{dir: dir, parallel: v.parallel, failFast: v.failFast, memory: v.limits.Memory, secrets: secrets, watch: r.event})
	if err != nil {
		return err
	}
	record, err := r.end()
	return errors.Join(err, v.app.writeReports(reports, record, dir, secrets), v.closing(ctx, engine, record, dir, results))
}

// secrets are the values of variables given to this run, for the pipeline or its
// scripts, whose name says that they are secret.
func (v *jobVerb) secrets(p *jobPlan) *redact.Redactor {
	given := slices.Clone(v.event.variables)
	for _, j := range p.chosen.Jobs {
		given = append(given, j.Env...)
	}
	slices.Sort(given)
	return redact.Variables(slices.Compact(given))
}

// when says for which ends of jobs before it a job runs.
func when(j *jobrun.Job) scheduler.When {
	switch j.When {
	case gitlabci.OnFailure:
		return scheduler.OnFailure
	case gitlabci.Always:
		return scheduler.Always
	}
	return scheduler.OnSuccess
}

// showing is how a matrix is run and shown.
type showing struct {
	dir      string // for logs
	parallel int    // 0 chooses
	failFast bool
	memory   int64 // that each task may use, 0 for no limit
	secrets  *redact.Redactor
	watch    func(scheduler.Event)
}

// show runs tasks. One has lcitool's own output; of several, each has a line
// on a terminal, and its name before its lines elsewhere.
func (a *app) show(ctx context.Context, tasks []scheduler.Task, s showing) ([]outcome.Result, error) {
	m := &scheduler.Scheduler{
		Parallel: cmp.Or(s.parallel, scheduler.DefaultParallel(runtime.NumCPU(), availableMemory(), s.memory)),
		FailFast: s.failFast, LogDir: s.dir, Stdout: a.stdout, Stderr: a.stderr, Secrets: s.secrets, Watch: s.watch,
	}
	if len(tasks) == 1 {
		m.Raw = true
		stdout, outDone := forProgram(a.stdout)
		stderr, errDone := forProgram(a.stderr)
		m.Stdout, m.Stderr = stdout, stderr
		defer outDone()
		defer errDone()
		return m.Run(ctx, tasks)
	}
	live := a.terminal()
	o := progress.Options{Out: a.stderr, Live: live, Color: live && a.getenv("NO_COLOR") == "", Sections: a.getenv("GITLAB_CI") != "", Parallel: m.Parallel}
	for _, t := range tasks {
		o.Names = append(o.Names, t.Name)
	}
	b := progress.New(o)
	defer b.Close()
	stderr := a.stderr
	a.stderr = b // what is said meanwhile goes above the board's lines
	defer func() { a.stderr = stderr }()
	if m.Stderr = b; live {
		m.Stdout, m.Stderr = nil, nil // the last line of each is on the board
	}
	m.Watch = func(e scheduler.Event) {
		b.Event(e)
		if s.watch != nil {
			s.watch(e)
		}
	}
	return m.Run(ctx, tasks)
}

// terminal reports whether stderr is a terminal that lines can be drawn on.
func (a *app) terminal() bool {
	return isTerminal(a.stderr) && a.getenv("TERM") != "dumb" && a.getenv("CI") == ""
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// keeps reports whether containers of failed jobs stay.
func (v *jobVerb) keeps() bool {
	if v.onFailure == "" {
		return isTerminal(v.app.stdin) && v.app.terminal()
	}
	return v.onFailure != "none"
}

// closing says how jobs ended and gives the exit status.
func (v *jobVerb) closing(ctx context.Context, engine *container.Engine, record *jobrecord.Run, dir string, results []outcome.Result) error {
	a := v.app
	for i, result := range results {
		if result.State == outcome.NoImage || result.State == outcome.EngineError {
			a.complain(v.advise(record.Jobs[i], result.Err))
		}
	}
	if err := a.jobTable(record, dir, results); err != nil {
		return err
	}
	kept := -1
	for i, j := range record.Jobs {
		if j.Command != "" {
			a.tell("%s failed in: %s", j.Name, firstLine(j.Command))
		}
		if j.Container != "" && kept < 0 {
			kept = i
		}
	}
	switch {
	case kept >= 0 && v.onFailure == "shell" && isTerminal(a.stdin):
		if err := a.enter(ctx, engine, &record.Jobs[kept], nil); err != nil {
			a.complain(err)
		}
		a.dismiss(ctx, engine, record)
	case kept >= 0:
		a.tell(`its container is kept: "lcitool job shell --last-failed" enters it`)
	}
	return exitStatus(record, results)
}

// dismiss removes the kept containers of a run.
func (a *app) dismiss(ctx context.Context, engine *container.Engine, record *jobrecord.Run) {
	for _, j := range record.Jobs {
		if j.Container == "" {
			continue
		}
		c, err := engine.Open(ctx, j.Container)
		if err == nil {
			err = c.Remove(ctx)
		}
		if err != nil && !errors.Is(err, container.ErrNotKept) {
			a.complain(err)
		}
	}
}

// exitStatus is that of a run. A single job says more of itself.
func exitStatus(record *jobrecord.Run, results []outcome.Result) error {
	if len(results) == 1 && !results[0].OK() {
		switch results[0].State {
		case outcome.TimedOut:
			return statusError(124)
		case outcome.NoImage, outcome.EngineError:
			return statusError(max(125, container.Status(results[0].Err))) // it did not run, whoever found out
		}
	}
	if !record.OK() {
		return statusError(1)
	}
	return nil
}

// advise adds to the error of a job what can be done about it.
func (v *jobVerb) advise(j jobrecord.Job, err error) error {
	err = fmt.Errorf("%s: %w", j.Name, err)
	var failed *container.BuildError
	if !errors.As(err, &failed) || !failed.BaseMissing || j.Target == "" {
		return err
	}
	return facts.WithHint(err, fmt.Sprintf("--bootstrap makes base images from the distribution's mirror, as lcitool container bootstrap %s does", j.Target))
}

// jobTable says how jobs ended: a line for a single one, else a table.
func (a *app) jobTable(record *jobrecord.Run, dir string, results []outcome.Result) error {
	if len(results) == 1 {
		r := results[0]
		text := fmt.Sprintf("%s: %s in %s", r.Workload, r.Text(), outcome.Elapsed(r.Duration))
		if r.Line != "" && r.State != outcome.NoImage && r.State != outcome.EngineError {
			text += ": " + r.Line
		}
		a.tell("%s", text)
	} else if err := a.resultTable("JOB", results); err != nil {
		return err
	}
	a.tell("logs: %s", dir)
	for _, j := range record.Jobs {
		if j.Artifacts != "" {
			a.tell("artifacts: %s", j.Artifacts)
		}
	}
	return nil
}

// directoryOwner is who a directory belongs to, if that is not who runs us and
// it is ours to give.
func directoryOwner(dir string) *jobrun.Owner {
	info, err := os.Stat(dir)
	if err != nil || os.Getuid() != 0 {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 {
		return nil
	}
	return &jobrun.Owner{UID: int(stat.Uid), GID: int(stat.Gid)}
}
