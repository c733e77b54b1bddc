// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobevents"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/scratch"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

// LocalOptions say how jobs run with the local engine.
type LocalOptions struct {
	Engine  Engine
	Store   *jobrecord.Store // where the run is kept
	Console progress.Console

	Limits    workload.Limits
	Caches    string            // host directory for caches, "" for none
	Keep      bool              // keep the containers of jobs that fail
	Parallel  int               // jobs at a time; 0 for scheduler.DefaultParallel
	FailFast  bool              // stop all jobs when one fails
	KeepGoing bool              // do not stop them, even if the pipeline says so
	Secrets   []string          // further variables, NAME=VALUE, whose values are masked if their names look secret
	Hidden    []string          // further texts to mask
	Files     map[string][]byte // values of variables of type file, by name

	FullHistory bool // whole history, whatever GIT_DEPTH says
	Untracked   bool // include files that git does not track
	Timestamps  bool // print the time before each line
	DebugTools  bool // add gdb to the images of jobs

	Events *jobevents.Writer // may be nil

	Retry  string                 // ID of the run that is retried, or ""
	Flags  []string               // "--NAME=VALUE" flags that select what runs, for the record
	Named  bool                   // the user named a job and not only patterns, for the record
	Resume map[string]jobrun.Kept // containers to resume, by job name; if it is not empty, other jobs do not run
	Unsure []string               // jobs that count as continued if they pass, since one that they need was continued
	Step   bool                   // the run is a step of a search
}

// checkArtifacts fails before any job runs if the artifacts directory is a
// symbolic link.
func (p *Plan) checkArtifacts() error {
	if !slices.ContainsFunc(p.Jobs, func(j *jobrun.Job) bool { return j.Job.Artifacts != nil }) {
		return nil
	}
	return p.source.artifacts.Check()
}

// Local runs the jobs of a plan in containers. The Result is nil if no job was
// started.
func Local(ctx context.Context, p *Plan, o LocalOptions) (*Result, error) {
	kept, err := p.resume(ctx, o) // before the artifacts, for which it would wait
	if err != nil {
		return nil, err
	}
	defer kept.release()
	locks := &artifactLocks{}
	defer locks.release()
	if err := locks.take(ctx, p.source, p.Jobs); err != nil {
		return nil, err
	}
	o.Hidden = slices.Concat(o.Hidden, kept.masked)
	return local(ctx, p, locks, o)
}

// local is Local after the artifacts were locked.
func local(ctx context.Context, p *Plan, locks *artifactLocks, o LocalOptions) (*Result, error) {
	p.source.sweep(ctx, o.Engine)
	live, err := o.Store.Create()
	if err != nil {
		return nil, err
	}
	defer live.Close()
	if o.Step {
		if err := live.MarkStep(); err != nil {
			return nil, err
		}
	}
	l := &localRun{LocalOptions: o, locks: locks, runner: p.runner(o), dir: live.Dir, groups: map[string]*sync.Mutex{}}
	result := &Result{Dir: live.Dir, Secrets: p.secrets(o)}
	l.secrets = result.Secrets
	l.runner.ServiceLog = serviceLogs(live.Dir, result.Secrets)
	l.runner.CrashDir, l.runner.Secrets = crashDirs(live.Dir), result.Secrets
	if l.record, err = newRecorder(live.Dir, p.newRun(o, result.Secrets), p.Jobs, l.runner.Tree.MountPath, result.Secrets, o.Events); err != nil {
		return nil, err
	}
	if o.Events != nil {
		l.runner.Commands = l.record.command
	}
	all := l.scheduler(p)
	all.Timestamps = o.Timestamps
	own, err := o.Console.Run(ctx, all, l.tasks(p, 0))
	if err != nil {
		return nil, err
	}
	if why := l.canceled(ctx, p, own); why != "" {
		p.source.messages.infof("%s", why)
	}
	addCoverage(ctx, p.Jobs, own, p.source.messages)
	l.record.results(0, own)
	result.Jobs = append(own, l.children...)
	result.Run, err = l.record.end()
	return result, err
}

// newRun returns the record of a run without its jobs.
func (p *Plan) newRun(o LocalOptions, secrets *redact.Redactor) jobrecord.Run {
	run := jobrecord.Run{Project: p.source.Project, Commit: p.source.Commit, Event: p.event.Source, Engine: o.Engine.Address(), Retry: o.Retry, Named: o.Named}
	for _, f := range o.Flags {
		run.Flags = append(run.Flags, secrets.Text(f))
	}
	return run
}

type localRun struct {
	LocalOptions
	locks   *artifactLocks
	runner  *jobrun.Runner
	record  *recorder
	dir     string // with the run's record and logs
	secrets *redact.Redactor
	groups  map[string]*sync.Mutex // by resource_group

	mu       sync.Mutex
	children []outcome.Result // of the jobs of child pipelines, in the order of the record
}

// cancels reports whether the pipeline of a plan wants its jobs stopped when one
// fails, and the user has not said what to do. One that could not be run here, for
// example without its image, stops no others: it need not fail on GitLab.
func (l *localRun) cancels(p *Plan) bool { return p.cancels && !l.KeepGoing && !l.FailFast }

// canceled says why jobs were stopped, or returns "" if the pipeline is not the
// reason.
func (l *localRun) canceled(ctx context.Context, p *Plan, results []outcome.Result) string {
	failed := slices.IndexFunc(results, func(r outcome.Result) bool {
		return r.Bad() && !r.Allowed && !isStopped(r.State) && !r.CouldNotRun()
	})
	if !l.cancels(p) || ctx.Err() != nil || failed < 0 || !slices.ContainsFunc(results, func(r outcome.Result) bool { return isStopped(r.State) }) {
		return ""
	}
	return fmt.Sprintf("job %q did not pass: the other jobs were stopped, because workflow: auto_cancel: on_job_failure is \"all\"; --keep-going runs them", results[failed].Workload)
}

// isStopped reports whether a job did not end by itself.
func isStopped(s outcome.State) bool { return s == outcome.Stopped || s == outcome.NotRun }

func (l *localRun) scheduler(p *Plan) *scheduler.Scheduler {
	s := &scheduler.Scheduler{
		Parallel: scheduler.Parallel(l.Parallel, l.Limits.Memory), FailFast: l.FailFast || l.cancels(p), Lenient: !l.FailFast, LogDir: l.dir, Secrets: l.secrets, Watch: l.record.event,
	}
	if l.Events != nil {
		s.Lines = l.record.line
	}
	return s
}

// tasks returns the jobs of a plan as tasks. first is the index of the first job
// in the record.
func (l *localRun) tasks(p *Plan, first int) []scheduler.Task {
	var tasks []scheduler.Task
	for i, j := range p.Jobs {
		group := l.group(j)
		if j.When == gitlabci.Delayed && j.StartIn > 0 {
			p.source.messages.infof("%s: does not wait %s, as it does on GitLab", j.Name, j.StartIn)
		}
		kept := l.Resume[j.Name]
		tasks = append(tasks, scheduler.Task{
			Name: j.Name, Needs: j.WaitsFor, When: when(j), Strict: j.Ordered && !j.Named,
			AllowFailure: j.AllowFailure, AllowCodes: j.AllowCodes, Result: l.notContinued(kept),
			Run: func(ctx context.Context, s scheduler.Streams) outcome.Result {
				if j.Trigger {
					return l.trigger(ctx, p, j, s) // its jobs may be in the same resource group
				}
				group.Lock()
				defer group.Unlock()
				run := l.runner.Run
				if kept.Container != "" {
					run = func(ctx context.Context, j *jobrun.Job, s scheduler.Streams) (outcome.Result, jobrun.Outcome) {
						return l.runner.Resume(ctx, j, kept, s)
					}
				}
				result, out := run(ctx, j, s)
				l.record.outcome(first+i, out)
				if slices.Contains(l.Unsure, cmp.Or(j.Of, j.Name)) {
					result = afterContinued(result)
				}
				return result
			},
		})
	}
	return tasks
}

// notContinued returns the result of a job that is not continued in a run that
// continues others, or nil.
func (l *localRun) notContinued(kept jobrun.Kept) *outcome.Result {
	if len(l.Resume) == 0 || kept.Container != "" {
		return nil
	}
	return &outcome.Result{State: outcome.NotRun, Line: "no container of it is kept"}
}

func (l *localRun) group(j *jobrun.Job) *sync.Mutex {
	if j.ResourceGroup == "" {
		return &sync.Mutex{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.groups[j.ResourceGroup] == nil {
		l.groups[j.ResourceGroup] = &sync.Mutex{}
	}
	return l.groups[j.ResourceGroup]
}

// sweep removes temporary files that killed runs left, and old trees of the
// cache.
func (s *Source) sweep(ctx context.Context, engine jobrun.KeptEngine) {
	s.artifacts.Sweep()
	if safefs.IsOthers(s.checkouts) { // without HOME, other users can make it before
		return
	}
	if err := jobrun.SweepKept(ctx, engine, s.checkouts); err != nil {
		s.messages.warnf("", "cannot look for trees of kept containers: %v", err)
	}
	scratch.Sweep(s.checkouts)
	s.trees.Sweep()
	checkout.IndexesIn(s.checkouts).Sweep()
}

// Shell runs a shell, or command if it is not empty, in a new container of the
// plan's only job, with what crashes of its last run left.
func Shell(ctx context.Context, p *Plan, o LocalOptions, crashes []jobrecord.Crash, command []string, s scheduler.Streams) error {
	dirs, lines := copied(crashes, o.DebugTools)
	if command == nil {
		for _, line := range lines {
			p.source.messages.infof("%s", line)
		}
	}
	return p.runner(o).Shell(ctx, p.Jobs[0], dirs, command, s)
}

func (p *Plan) runner(o LocalOptions) *jobrun.Runner {
	s := p.source
	r := &jobrun.Runner{
		Engine:     o.Engine,
		Project:    s.Project,
		Tree:       p.jobTree(o),
		BaseEnv:    p.commit,
		Artifacts:  s.artifacts,
		Limits:     o.Limits,
		Files:      o.Files,
		Keep:       o.Keep,
		DebugTools: o.DebugTools,
		Offline:    p.offline,
		Source:     p.origin,
		Protected:  protected(p.event),
		Warn:       func(job, what string) { s.messages.warnf(job, "%s", what) },
	}
	if o.Caches != "" {
		r.Caches = filepath.Join(o.Caches, "jobs")
	}
	return r
}

// secrets returns the values to mask: variables given to this run, for the
// pipeline or its scripts, whose names look secret, and o.Hidden.
func (p *Plan) secrets(o LocalOptions) *redact.Redactor {
	given := slices.Clone(o.Secrets)
	for _, j := range p.Jobs {
		given = append(given, j.Env...)
	}
	slices.Sort(given)
	return redact.Join(redact.Variables(slices.Compact(given)), redact.New(o.Hidden...))
}

// when maps a job's when to the scheduler's. An on_failure job that the user
// named runs if no earlier job runs that could fail.
func when(j *jobrun.Job) scheduler.When {
	switch {
	case j.When == gitlabci.OnFailure && !(j.Named && len(j.WaitsFor) == 0):
		return scheduler.OnFailure
	case j.When == gitlabci.Always:
		return scheduler.Always
	}
	return scheduler.OnSuccess
}
