// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// A follower polls one pipeline.
type follower struct {
	*session
	id      int64
	last    *snapshot
	order   []string
	jobs    map[string]*followedJob
	waiting sync.WaitGroup // running downloads
	slots   chan struct{}  // limit the downloads
	begun   int            // downloads so far
	logs    atomic.Int64   // bytes of logs that may still be stored

	artifacts atomic.Int64 // bytes of artifacts that may still be stored

	mu sync.Mutex // guards Job of each job, which downloads change
}

type followedJob struct {
	Job
	seen    seenJob // newest
	played  bool
	said    int64     // bytes of its log that were passed on as lines
	asked   time.Time // when its log was last requested
	fetched sync.Mutex
}

// parallelFetches is the number of jobs downloaded at the same time.
const parallelFetches = 3

func newFollower(s *session, id int64) *follower {
	f := &follower{
		session: s, id: id, jobs: map[string]*followedJob{}, slots: make(chan struct{}, parallelFetches),
	}
	f.logs.Store(s.o.Limits.Logs)
	f.artifacts.Store(s.o.Limits.Artifacts)
	return f
}

// follow polls the pipeline until it ends.
func (f *follower) follow(ctx context.Context) (*Result, error) {
	err := f.watch(ctx)
	f.waiting.Wait() // a fetch notes what went wrong with its job
	if f.last == nil {
		return &Result{ID: f.id, URL: f.page(f.id)}, err
	}
	if err == nil {
		f.reports(ctx)
	}
	return f.result(ctx, err), err
}

// watch polls the pipeline until nothing is left to wait for.
func (f *follower) watch(ctx context.Context) error {
	pause := f.o.PollMin
	good := time.Now()
	away := false
	for settled := 0; settled < 2; {
		seen, err := f.look(ctx, f.id)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && passing(err) && time.Since(good) < f.o.Outage:
			if !away {
				f.infof("%v; trying on for %s", err, f.o.Outage)
			}
			away, pause = true, f.o.PollMax
		case err != nil:
			return fmt.Errorf("%w; the pipeline goes on: %s", err, f.page(f.id))
		default:
			good, away = time.Now(), false
			changed, done, err := f.apply(ctx, seen)
			if err != nil {
				return err
			}
			if settled++; !done {
				settled = 0
			}
			if pause = min(pause+pause/2, f.o.PollMax); changed || done {
				pause = f.o.PollMin
			}
			f.listen(ctx)
		}
		if settled < 2 {
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply compares a snapshot with the last one. done reports whether nothing is
// left to wait for.
func (f *follower) apply(ctx context.Context, seen *snapshot) (changed, done bool, err error) {
	changed = f.last == nil || f.last.pipeline.Status != seen.pipeline.Status
	f.last = seen
	if text := seen.pipeline.YamlErrors; text != "" {
		return false, false, fmt.Errorf("GitLab cannot make the pipeline: %s", plain(f.hide.Text(text)))
	}
	ended := pipelineEnded(seen.pipeline.Status) && !seen.open
	c := choose(seen.jobs, f.o.Jobs, f.o.Needs)
	if len(seen.jobs) > 0 && (ended || !hasBridge(seen.jobs)) {
		if err := c.check(seen.jobs); err != nil {
			return false, false, err
		}
	}
	waiting := 0
	for _, j := range seen.jobs {
		if !c.wants(j) {
			continue
		}
		if f.jobs[j.name] == nil && len(f.jobs) >= f.o.Limits.Jobs {
			return false, false, fmt.Errorf("more than %d jobs in one pipeline: %w", f.o.Limits.Jobs, errTooLarge)
		}
		changed = f.update(ctx, j) || changed
		switch job := f.jobs[j.name]; {
		case j.status == "manual" && c.played[j.name] && !job.played:
			if err := f.play(ctx, job); err != nil {
				return false, false, err
			}
			waiting++
			ended = false
		case !j.state.Ended(), j.status == "manual" && job.played:
			waiting++
		}
	}
	if c.all {
		return changed, ended, nil
	}
	return changed, ended || waiting == 0 && len(seen.jobs) > 0 && len(c.missing) == 0, nil
}

func hasBridge(jobs []seenJob) bool {
	for _, j := range jobs {
		if j.bridge {
			return true
		}
	}
	return false
}

// update processes the state of a job. It reports whether the state has changed.
func (f *follower) update(ctx context.Context, seen seenJob) bool {
	job := f.jobs[seen.name]
	if job == nil {
		job = &followedJob{}
		f.jobs[seen.name] = job
		f.order = append(f.order, seen.name)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	again := job.seen.id != 0 && job.seen.id != seen.id
	if job.seen.id == seen.id && job.seen.state == seen.state && job.seen.status == seen.status {
		job.seen = seen
		return false
	}
	if begins := job.seen.id != seen.id || job.seen.started.IsZero(); begins && !seen.started.IsZero() {
		f.removeArtifacts(seen.name)
	}
	if again {
		job.played, job.said = false, 0
		f.o.Watch(Update{Job: seen.name, Stage: seen.stage, URL: seen.url, Line: "started again on the server"})
	}
	job.seen = seen
	job.Job = Job{
		Name: seen.name, Stage: seen.stage, State: seen.state, AllowFailure: seen.allowed,
		Started: seen.started, Duration: seen.duration, URL: seen.url, Reason: seen.reason,
	}
	if !seen.state.Ended() || seen.status == "manual" {
		f.notify(job, false)
		return true
	}
	if seen.bridge || seen.started.IsZero() {
		f.notify(job, true)
		return true
	}
	if f.begun++; f.begun > 2*f.o.Limits.Jobs { // a job that is started again and again
		job.Notes = append(job.Notes, "no log and no artifacts: the jobs were started too often")
		f.notify(job, true)
		return true
	}
	f.goFetch(ctx, job, seen)
	return true
}

// notify reports the state of a job. The caller holds f.mu.
func (f *follower) notify(job *followedJob, ended bool) {
	u := Update{
		Job: job.Name, Stage: job.Stage, State: job.State, AllowFailure: job.AllowFailure, Duration: job.Duration, URL: job.URL,
	}
	if ended {
		end := job.Job
		u.Ended = &end
	}
	f.o.Watch(u)
}

// play starts a manual job.
func (f *follower) play(ctx context.Context, job *followedJob) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	job.played = true
	err := f.api.PlayJob(ctx, job.seen.id)
	if err == nil {
		return nil
	}
	err = f.requestError(ctx, fmt.Sprintf("start job %q", job.seen.name), err)
	switch {
	case status(err) == 400: // someone else started it, or the job has the reason
		return nil
	case passing(err):
		job.played = false
		return nil
	}
	return err
}

// result returns the result of the pipeline, or of the part before err.
func (f *follower) result(ctx context.Context, err error) *Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &Result{ID: f.id, URL: f.page(f.id), Status: f.last.pipeline.Status, Part: len(f.o.Jobs) > 0, Secrets: f.hide}
	for _, name := range f.order {
		job := f.jobs[name]
		if starter := f.jobs[job.seen.below]; starter != nil && starter.State == outcome.Passed {
			job.AllowFailure = true // the downstream pipeline's result does not affect the upstream one
		}
		if open := !job.State.Ended(); open || job.seen.status == "manual" {
			switch {
			case !open:
			case ctx.Err() != nil:
				job.State = outcome.Stopped
			case err != nil:
				job.State = outcome.EngineError
				job.Notes = append(job.Notes, "how it ended is not known")
			default:
				job.State = outcome.NotRun
			}
			f.notify(job, true)
		}
		r.Jobs = append(r.Jobs, job.Job)
	}
	return r
}

// persist calls do until it succeeds, fails permanently, or the server is
// unavailable for too long.
func (f *follower) persist(ctx context.Context, do func() error) error {
	begun := time.Now()
	for {
		err := do()
		if err == nil || !passing(err) || time.Since(begun) > f.o.Outage || ctx.Err() != nil {
			return err
		}
		if e := sleep(ctx, f.o.PollMax); e != nil {
			return errors.Join(err, e)
		}
	}
}
