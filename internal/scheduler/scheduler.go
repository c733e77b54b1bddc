// SPDX-License-Identifier: GPL-2.0-or-later

// Package scheduler runs tasks side by side in the order of their needs.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// ErrFailFast is the error of tasks that were stopped because another one failed.
var ErrFailFast = errors.New("another workload failed")

// A Scheduler runs tasks side by side, each once those that it needs have ended.
// What they say goes line by line to Stdout and Stderr, with the name of the
// task before each line, and as it is to a file each.
type Scheduler struct {
	Parallel int    // at most so many at a time; 0 means 1
	FailFast bool   // stop all when one does not pass
	Raw      bool   // what tasks say goes to Stdout and Stderr as it is; for one task
	Quiet    bool   // of what builds of images say Stderr gets a line a step, and all of it if one fails
	Live     bool   // with Raw and Quiet: Stderr is a terminal, which has the step that runs as well
	LogDir   string // existing directory for NAME.log of each task
	Stdout   io.Writer
	Stderr   io.Writer
	Secrets  *redact.Redactor // never shown or kept; nil for none

	Timestamps bool        // each line on Stdout and Stderr begins with the time at which it did
	Watch      func(Event) // told of all that happens, one event at a time; nil means nobody listens
	Lines      func(Line)  // told of each whole line, from several goroutines; nil means nobody listens
}

// Run runs the tasks, begun in their order as far as their needs let it, and
// gives their results in the same order. The error is about the logs or about
// tasks that wait for each other; no task runs then.
func (m *Scheduler) Run(ctx context.Context, tasks []Task) ([]outcome.Result, error) {
	if err := checkNeeds(tasks); err != nil {
		return nil, err
	}
	w := &watcher{watch: m.Watch}
	outputs, err := m.outputs(tasks, w)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &run{
		failFast: m.FailFast, secrets: m.Secrets, watcher: w, tasks: tasks, outputs: outputs, results: make([]outcome.Result, len(tasks)),
		begun: make([]bool, len(tasks)), free: max(1, m.Parallel), stop: stop,
	}
	r.changed.L = &r.mu
	for _, t := range tasks {
		w.notify(Event{Task: t.Name, State: outcome.Waiting})
	}
	r.all(ctx)
	return r.results, nil
}

// A watcher tells somebody of events, one at a time.
type watcher struct {
	mu    sync.Mutex
	watch func(Event) // nil means nobody listens
}

func (w *watcher) notify(e Event) {
	if w.watch == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	e.Time = time.Now()
	w.watch(e)
}

// A run is one run of a scheduler.
type run struct {
	failFast bool
	secrets  *redact.Redactor
	watcher  *watcher
	tasks    []Task
	outputs  []*output
	stop     context.CancelCauseFunc

	mu      sync.Mutex
	changed sync.Cond
	results []outcome.Result // with a State once they are there
	begun   []bool
	free    int
}

// all runs whatever can run until everything has ended.
func (r *run) all(ctx context.Context) {
	wake := context.AfterFunc(ctx, func() { r.mu.Lock(); r.changed.Broadcast(); r.mu.Unlock() })
	defer wake()
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.over() {
		i, result := r.next(ctx)
		switch {
		case i < 0:
			r.changed.Wait()
		case result != nil: // decided without running it
			r.begun[i] = true
			r.finish(i, *result)
		default:
			r.begun[i] = true
			r.free--
			go r.one(ctx, i)
		}
	}
}

func (r *run) over() bool {
	return !slices.ContainsFunc(r.results, func(result outcome.Result) bool { return result.State == "" })
}

// next gives the first task whose turn it is, with its result if it need not
// run, or -1.
func (r *run) next(ctx context.Context) (int, *outcome.Result) {
	for i := range r.tasks {
		if r.begun[i] {
			continue
		}
		if ctx.Err() != nil {
			return i, &outcome.Result{State: outcome.NotRun}
		}
		ready, skip := r.ready(&r.tasks[i])
		switch {
		case ready && skip != nil:
			return i, skip
		case ready && r.free > 0:
			return i, nil
		}
	}
	return -1, nil
}

// ready reports whether all that a task needs has ended, and gives its result
// if it is not to run because of how.
func (r *run) ready(t *Task) (bool, *outcome.Result) {
	var bad string
	for i := range r.tasks {
		if !slices.Contains(t.Needs, r.tasks[i].Name) {
			continue
		}
		if r.results[i].State == "" {
			return false, nil
		}
		if bad == "" && !r.results[i].OK() {
			bad = r.tasks[i].Name + ": " + r.results[i].Text()
		}
	}
	switch {
	case t.When == OnSuccess && bad != "":
		return true, &outcome.Result{State: outcome.Skipped, Line: "needs " + bad, Err: errors.New("needs " + bad)}
	case t.When == OnFailure && bad == "":
		return true, &outcome.Result{State: outcome.Skipped}
	}
	return true, nil
}

// one runs a task. It is called without the lock.
func (r *run) one(ctx context.Context, i int) {
	t, out := r.tasks[i], r.outputs[i]
	r.watcher.notify(Event{Task: t.Name, State: outcome.Running, Log: out.path})
	started := time.Now()
	result := t.Run(ctx, Streams{Stdout: out.stdout, Stderr: out.stderr, Build: out.build, Built: out.endBuild, Ended: out.closeFailure})
	out.end()
	result.Started, result.Log = started, out.path
	result.Explain(out.failure.Text())
	result.Line = r.secrets.Text(result.Line)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free++
	r.finish(i, result)
}

// finish takes the result of a task down. It is called with the lock.
func (r *run) finish(i int, result outcome.Result) {
	t := r.tasks[i]
	r.outputs[i].close()
	result.Workload = t.Name
	result.Allowed = result.Bad() && (t.AllowFailure || result.State == outcome.Failed && slices.Contains(t.AllowCodes, result.Code))
	r.results[i] = result
	r.watcher.notify(Event{Task: t.Name, State: result.State, Result: &result})
	if r.failFast && result.Bad() && !result.Allowed {
		r.stop(ErrFailFast)
	}
	r.changed.Broadcast()
}

// checkNeeds refuses names that are used twice and tasks that wait for each other.
func checkNeeds(tasks []Task) error {
	const entered, left = 1, 2
	seen := map[string]int{}
	byName := map[string]*Task{}
	for i := range tasks {
		if byName[tasks[i].Name] != nil {
			return fmt.Errorf("two tasks have the name %q", tasks[i].Name)
		}
		byName[tasks[i].Name] = &tasks[i]
	}
	var visit func(t *Task) error
	visit = func(t *Task) error {
		switch seen[t.Name] {
		case entered:
			return fmt.Errorf("task %q needs itself, or one that needs it", t.Name)
		case left:
			return nil
		}
		seen[t.Name] = entered
		for _, name := range t.Needs {
			if byName[name] != nil {
				if err := visit(byName[name]); err != nil {
					return err
				}
			}
		}
		seen[t.Name] = left
		return nil
	}
	for i := range tasks {
		if err := visit(&tasks[i]); err != nil {
			return err
		}
	}
	return nil
}
