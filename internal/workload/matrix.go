// SPDX-License-Identifier: GPL-2.0-or-later

package workload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// A Matrix runs several workloads in parallel and keeps their logs.
type Matrix struct {
	Scheduler scheduler.Scheduler // how; its logs and secrets are the matrix's
	Project   string              // directory that the run is of
	LogDir    string              // for the logs, "" for one of Store
	Store     func() (*jobrecord.Store, error)
	Show      func(context.Context, *scheduler.Scheduler, []scheduler.Task) ([]outcome.Result, error)
}

// Run returns the results in the order of workloads, and the directory of the
// logs.
func (m Matrix) Run(ctx context.Context, runner *Runner, workloads []Workload) (results []outcome.Result, logs string, err error) {
	logs, done, err := m.logs()
	if err != nil {
		return nil, "", err
	}
	started := time.Now()
	var tasks []scheduler.Task
	for _, w := range workloads {
		tasks = append(tasks, runner.Task(w))
	}
	all := m.Scheduler
	all.LogDir, all.Secrets = logs, secrets(workloads)
	results, err = m.Show(ctx, &all, tasks)
	if err != nil {
		return nil, logs, errors.Join(err, done(started, nil))
	}
	return results, logs, done(started, results)
}

// secrets returns the values to mask in logs.
func secrets(workloads []Workload) *redact.Redactor {
	var all []string
	for _, w := range workloads {
		for _, s := range w.Secrets {
			all = append(all, string(s.Data))
		}
	}
	slices.Sort(all)
	return redact.New(slices.Compact(all)...)
}

// logs creates the directory for the logs of this run. It is not in the
// project's directory, which stays unchanged, and not among the runs of jobs.
// done writes the record; it removes the directory if no workload has ended.
func (m Matrix) logs() (dir string, done func(time.Time, []outcome.Result) error, err error) {
	if m.LogDir != "" {
		if err := os.MkdirAll(m.LogDir, 0o755); err != nil {
			return "", nil, fmt.Errorf("cannot keep logs: %w", err)
		}
		return m.LogDir, func(time.Time, []outcome.Result) error { return nil }, nil
	}
	store, err := m.Store()
	if err != nil {
		return "", nil, err
	}
	live, err := store.Create()
	if err != nil {
		return "", nil, err
	}
	return live.Dir, func(started time.Time, results []outcome.Result) error {
		run := jobrecord.Run{ID: filepath.Base(live.Dir), Project: m.Project, Started: started, Ended: time.Now()}
		for _, x := range results {
			run.Jobs = append(run.Jobs, jobrecord.Job{
				Name: x.Workload, Target: x.Workload, State: x.State, Code: x.Code, Line: x.Line, Built: x.Built,
				Started: x.Started, Duration: x.Duration.Seconds(), Log: filepath.Base(x.Log),
			})
		}
		var err error
		if len(results) > 0 {
			err = jobrecord.Write(live.Dir, &run)
		}
		return errors.Join(err, live.Close())
	}, nil
}
