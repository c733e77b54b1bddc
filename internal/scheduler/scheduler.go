// SPDX-License-Identifier: GPL-2.0-or-later

// Package scheduler runs tasks in parallel, in the order of their needs.
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

// ErrFailFast is the cause of tasks being stopped because another one failed.
var ErrFailFast = errors.New("another workload failed")

// A Scheduler runs tasks in parallel, each after those that it needs. Their
// output goes line by line to Stdout and Stderr with the name of the task in
// front, and unchanged to one log file per task.
type Scheduler struct {
	Parallel int    // tasks at a time; 0 means 1
	FailFast bool   // stop all tasks when one fails
	Lenient  bool   // with FailFast: not when one could not be run
	Raw      bool   // copy output unchanged to Stdout and Stderr; only for one task
	Quiet    bool   // print one line per step of an image build on Stderr, and its log only if it fails
	Live     bool   // with Raw and Quiet: Stderr is a terminal and also shows the current step
	LogDir   string // existing directory for the log NAME.log of each task
	Stdout   io.Writer
	Stderr   io.Writer
	Secrets  *redact.Redactor // masked in output and logs; may be nil

	Timestamps bool        // print the time before each line on Stdout and Stderr
	Watch      func(Event) // called for each event, one call at a time; may be nil
	Lines      func(Line)  // called for each complete line, concurrently; may be nil
}

// Run runs the tasks and returns their results in the order of tasks. Tasks
// start in that order as far as their needs permit. If the logs cannot be
// created, or tasks need each other in a cycle, it returns an error and runs
// nothing.
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
		failFast: m.FailFast, lenient: m.Lenient, secrets: m.Secrets, watcher: w, tasks: tasks, outputs: outputs, results: make([]outcome.Result, len(tasks)),
		begun: make([]bool, len(tasks)), free: max(1, m.Parallel), stop: stop,
	}
	r.changed.L = &r.mu
	for _, t := range tasks {
		w.notify(Event{Task: t.Name, State: outcome.Waiting})
	}
	r.all(ctx)
	return r.results, nil
}

// A watcher calls a function for events, one call at a time.
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

// A run is one call of Scheduler.Run.
type run struct {
	failFast bool
	lenient  bool
	secrets  *redact.Redactor
	watcher  *watcher
	tasks    []Task
	outputs  []*output
	stop     context.CancelCauseFunc

	mu      sync.Mutex
	changed sync.Cond
	results []outcome.Result // State is set when a task has ended
	begun   []bool
	free    int
}

// all starts tasks as they become ready, until all have ended.
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
		case result != nil: // ended without running
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

// next returns the index of the first task to start, or -1. The result is not
// nil if the task does not run.
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
		case ready && r.tasks[i].Result != nil:
			return i, r.tasks[i].Result
		case ready && r.free > 0:
			return i, nil
		}
	}
	return -1, nil
}

// ready reports whether all needs of a task have ended. The result is not nil if
// the task does not run because of their results.
func (r *run) ready(t *Task) (bool, *outcome.Result) {
	var bad, skipped string
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
		if skipped == "" && r.results[i].State == outcome.Skipped {
			skipped = r.tasks[i].Name + ": " + r.results[i].Text()
		}
	}
	switch {
	case t.When == OnSuccess && bad != "":
		return true, &outcome.Result{State: outcome.Skipped, Line: "needs " + bad, Err: errors.New("needs " + bad)}
	case t.When == OnFailure && bad == "":
		return true, &outcome.Result{State: outcome.Skipped}
	case t.Strict && t.When != Always && skipped != "":
		return true, &outcome.Result{State: outcome.Skipped, Line: "needs " + skipped}
	}
	return true, nil
}

// one runs a task. The caller must not hold r.mu.
func (r *run) one(ctx context.Context, i int) {
	t, out := r.tasks[i], r.outputs[i]
	r.watcher.notify(Event{Task: t.Name, State: outcome.Running, Log: out.path})
	started := time.Now()
	result := t.Run(ctx, Streams{Stdout: out.stdout, Stderr: out.stderr, Build: out.build, Built: out.endBuild, Ended: out.endScript})
	out.end()
	result.Started, result.Log = started, out.path
	result.Explain(out.failure.Text())
	result.Line = r.secrets.Text(result.Line)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free++
	r.finish(i, result)
}

// finish records the result of a task. The caller holds r.mu.
func (r *run) finish(i int, result outcome.Result) {
	t := r.tasks[i]
	r.outputs[i].close()
	result.Workload = t.Name
	result.Allowed = result.Bad() && (t.AllowFailure || result.State == outcome.Failed && slices.Contains(t.AllowCodes, result.Status()))
	r.results[i] = result
	r.watcher.notify(Event{Task: t.Name, State: result.State, Result: &result})
	if r.failFast && result.Bad() && !result.Allowed && !(r.lenient && result.CouldNotRun()) {
		r.stop(ErrFailFast)
	}
	r.changed.Broadcast()
}

// checkNeeds returns an error for duplicate names and for cycles.
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
