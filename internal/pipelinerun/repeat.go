// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/jobdiff"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/logtimes"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// RepeatOptions say how often jobs run. Parallel is the number of rounds at a
// time; FailFast stops at the first round that fails.
type RepeatOptions struct {
	LocalOptions
	Times int         // 0 for no limit
	Watch func(Round) // told of each round that has ended, one at a time
}

// A Round is one execution of the repeated jobs.
type Round struct {
	Number   int // from 1, in the order in which they began
	Worst    outcome.Result
	Duration time.Duration
}

// Text describes the result in one line. times is the total number of rounds, or
// 0 for no limit.
func (x *Round) Text(times int) string {
	number := fmt.Sprint(x.Number)
	if times > 0 {
		number += fmt.Sprintf(" of %d", times)
	}
	line := fmt.Sprintf("run %s: %s in %s", number, x.Worst.Text(), outcome.Elapsed(x.Duration))
	if x.Worst.Allowed {
		line += ", allowed"
	}
	if !x.Worst.OK() || x.Worst.Allowed {
		line += ": " + x.Worst.Line
	}
	return line
}

// A Failure groups rounds that failed in the same way.
type Failure struct {
	Line  string // the first failing line, of the first such round
	Count int
	First int // number of the first round
}

// Repetitions are the results of all rounds.
type Repetitions struct {
	*Result
	Passed   int
	Failed   int
	Allowed  int       // those of Failed that were allowed: the user named the job, to see how often it fails
	Stopped  int       // rounds that began and did not end by themselves
	NotBegun int       // rounds that were asked for and did not begin because the command was interrupted
	Failures []Failure // the most frequent first
}

// keptRounds is the number of passed rounds whose logs are kept.
const keptRounds = 20

// Repeat runs the chosen jobs repeatedly, after one run of the jobs that they
// need. All rounds are one run in the record, in which job names have the suffix
// " #NUMBER". If a needed job failed, only needs is returned.
func Repeat(ctx context.Context, p *Plan, o RepeatOptions) (_ *Repetitions, needs *Result, err error) {
	locks := &artifactLocks{}
	defer locks.release()
	if err := locks.take(ctx, p.source, p.Jobs); err != nil {
		return nil, nil, err
	}
	asked, needed := p.split()
	if len(needed.Jobs) > 0 {
		needs, err := local(ctx, needed, locks, o.LocalOptions)
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil || !needs.OK() {
			return nil, needs, err
		}
	}
	p.source.sweep(ctx, o.Engine)
	live, err := o.Store.Create()
	if err != nil {
		return nil, nil, err
	}
	defer live.Close()
	runner := asked.runner(o.LocalOptions)
	r := &repeater{jobs: asked.Jobs, o: o, artifacts: runner.Artifacts, dir: live.Dir, at: runner.Tree.MountPath, same: jobdiff.NewSame(runner.Tree.MountPath)}
	r.out.Result = &Result{Dir: live.Dir, Secrets: asked.secrets(o.LocalOptions)}
	runner.KeepFirst = true
	runner.ServiceLog = serviceLogs(live.Dir, r.out.Secrets)
	runner.CrashDir, runner.Secrets = crashDirs(live.Dir), r.out.Secrets
	if r.record, err = newRecorder(live.Dir, p.newRun(o.LocalOptions, r.out.Secrets), nil, runner.Tree.MountPath, r.out.Secrets, o.Events); err != nil {
		return nil, nil, err
	}
	if o.Events != nil {
		runner.Commands = r.record.command
	}
	l := &localRun{LocalOptions: o.LocalOptions, locks: locks, runner: runner, record: r.record, dir: live.Dir, secrets: r.out.Secrets, groups: map[string]*sync.Mutex{}}
	r.tasks = func(jobs []*jobrun.Job, first int) []scheduler.Task {
		round, chosen := *asked, *asked.Chosen
		chosen.Jobs, round.Chosen = jobs, &chosen
		return l.tasks(&round, first)
	}
	err = r.all(ctx)
	if ctx.Err() != nil {
		err = errors.Join(err, r.interrupted(ctx))
	}
	r.out.Jobs = r.results
	var recorded error
	r.out.Run, recorded = r.record.end()
	slices.SortStableFunc(r.out.Failures, func(a, b Failure) int { return cmp.Compare(b.Count, a.Count) })
	return &r.out, nil, errors.Join(err, recorded)
}

// split splits the plan into the jobs that were asked for and those that are
// only needed.
func (p *Plan) split() (asked, needed *Plan) {
	part := func(added bool) *Plan {
		q, chosen := *p, *p.Chosen
		chosen.Jobs = slices.DeleteFunc(slices.Clone(p.Jobs), func(j *jobrun.Job) bool { return slices.Contains(p.Implied, j.Name) != added })
		q.Chosen = &chosen
		return &q
	}
	return part(false), part(true)
}

type repeater struct {
	jobs      []*jobrun.Job
	o         RepeatOptions
	tasks     func(jobs []*jobrun.Job, first int) []scheduler.Task // first is the index of the first in the record
	artifacts *artifacts.Store
	record    *recorder
	dir, at   string                   // directory of the run; path of the tree in containers
	same      func(line string) string // normalizes lines, so that those of several rounds can be compared

	mu      sync.Mutex
	out     Repetitions
	results []outcome.Result
	passed  []string // job names of passed rounds whose logs exist
	err     error
}

// all runs rounds in parallel until there are enough.
func (r *repeater) all(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	free := make(chan struct{}, max(1, r.o.Parallel))
	for n := 1; r.o.Times == 0 || n <= r.o.Times; n++ {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		group.Go(func() {
			defer func() { <-free }()
			if !r.round(ctx, n) {
				stop()
			}
		})
	}
	group.Wait()
	return r.err
}

// interrupted returns the reason for which rounds are missing after ctx was
// cancelled, or nil if none is.
func (r *repeater) interrupted(ctx context.Context) error {
	ended := r.out.Passed + r.out.Failed
	if r.o.FailFast && r.out.Failed > 0 || r.o.Times > 0 && ended == r.o.Times {
		return nil
	}
	if r.o.Times > 0 {
		r.out.NotBegun = r.o.Times - ended - r.out.Stopped
	}
	return context.Cause(ctx)
}

// round runs the jobs once. It reports whether another round may follow. A
// stopped round does not count.
func (r *repeater) round(ctx context.Context, n int) bool {
	jobs := numbered(r.jobs, n)
	first := r.record.add(jobs, r.at)
	started := time.Now()
	s := &scheduler.Scheduler{Parallel: len(jobs), LogDir: r.dir, Secrets: r.out.Secrets, Watch: r.record.event}
	if r.o.Events != nil {
		s.Lines = r.record.line
	}
	results, err := s.Run(ctx, r.tasks(jobs, first))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.err = errors.Join(r.err, err)
		return false
	}
	r.results = append(r.results, results...)
	worst, failed := r.worst(results)
	if isStopped(worst.State) {
		r.out.Stopped++
		return false
	}
	r.count(n, worst, failed, jobs)
	if r.o.Watch != nil {
		r.o.Watch(Round{Number: n, Worst: worst, Duration: time.Since(started)})
	}
	return !worst.State.CouldNotRun() && !(failed && r.o.FailFast)
}

// worst returns the result that decides a round, and whether the round has
// failed. A job that may fail also decides if the user named it.
func (r *repeater) worst(results []outcome.Result) (_ outcome.Result, failed bool) {
	fails := func(i int) bool { return !results[i].OK() || results[i].Allowed && r.jobs[i].Named }
	worst := 0
	for i := range results {
		if results[worst].OK() && !results[i].OK() || !fails(worst) && fails(i) {
			worst = i
		}
	}
	return results[worst], fails(worst)
}

// count counts the result of a round. The caller holds r.mu.
func (r *repeater) count(n int, worst outcome.Result, failed bool, jobs []*jobrun.Job) {
	if !failed {
		r.out.Passed++
		for _, j := range jobs {
			if r.artifacts != nil && r.artifacts.Remove(j.Name) == nil { // those of a round that fails are worth more
				r.record.change(j.Name, func(row *jobrecord.Job) { row.Artifacts, row.JUnit = "", nil })
			}
			r.passed = append(r.passed, j.Name)
		}
		for len(r.passed) > keptRounds*len(jobs) {
			r.record.thin(r.passed[0])
			r.passed = r.passed[1:]
		}
		return
	}
	if r.out.Failed++; worst.Allowed {
		r.out.Allowed++
	}
	at := slices.IndexFunc(r.out.Failures, func(f Failure) bool { return r.same(f.Line) == r.same(worst.Line) })
	if at < 0 {
		at = len(r.out.Failures)
		r.out.Failures = append(r.out.Failures, Failure{Line: worst.Line, First: n})
	}
	r.out.Failures[at].Count++
}

func numbered(jobs []*jobrun.Job, n int) []*jobrun.Job {
	all := copyJobs(jobs, func(of string) string { return fmt.Sprintf("%s #%d", of, n) })
	for i, j := range all {
		j.Of = jobs[i].Name
	}
	return all
}

// copyJobs returns copies that can run once more, with names that name returns
// for those of jobs.
func copyJobs(jobs []*jobrun.Job, name func(of string) string) []*jobrun.Job {
	copies := map[*jobrun.Job]*jobrun.Job{}
	names := map[string]bool{}
	var all []*jobrun.Job
	for _, j := range jobs {
		own := *j
		own.Name = name(j.Name)
		copies[j], names[j.Name] = &own, true
		all = append(all, &own)
	}
	for _, j := range all {
		var after []string
		for _, other := range j.WaitsFor {
			if names[other] {
				after = append(after, name(other)) // needed jobs have run already
			}
		}
		var from []*jobrun.Job
		for _, other := range j.ArtifactsFrom {
			from = append(from, cmp.Or(copies[other], other))
		}
		j.WaitsFor, j.ArtifactsFrom, j.Env = after, from, slices.Clone(j.Env)
	}
	return all
}

// thin removes all but the result from a job's record.
func (r *recorder) thin(name string) {
	log := ""
	r.change(name, func(j *jobrecord.Job) {
		log = filepath.Join(r.dir, j.Log)
		r.packages += listSize(j.Packages)
		j.Log, j.Env, j.Packages, j.Commands = "", nil, nil, nil
	})
	_ = os.Remove(log) // removed with the run at the latest
	_ = os.Remove(logtimes.File(log))
}

func (r *recorder) change(name string, how func(*jobrecord.Job)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	how(&r.run.Jobs[r.at[name]])
	r.touch()
}

// FirstError returns the first error that kept a job from running, with a hint,
// or nil.
func (r *Repetitions) FirstError() error {
	for _, x := range r.Jobs {
		if x.State == outcome.NoImage || x.State == outcome.EngineError {
			name, _, _ := strings.Cut(x.Workload, " #")
			target := ""
			if j := r.Run.Job(x.Workload); j != nil {
				target = j.Target
			}
			return Advise(name, target, x.Err)
		}
	}
	return nil
}

// Text summarizes the numbers of runs by how they ended, and the failures.
func (r *Repetitions) Text() string {
	text := fmt.Sprintf("%d passed, %d failed", r.Passed, r.Failed)
	if r.Allowed > 0 {
		text += fmt.Sprintf(", %d of them allowed", r.Allowed)
	}
	if r.Stopped > 0 {
		text += fmt.Sprintf(", %d stopped", r.Stopped)
	}
	if r.NotBegun > 0 {
		text += fmt.Sprintf(", %d not run", r.NotBegun)
	}
	text += "\n"
	for _, f := range r.Failures {
		text += fmt.Sprintf("%5d  %s (first in run %d)\n", f.Count, termtext.Line(f.Line), f.First)
	}
	return text
}
