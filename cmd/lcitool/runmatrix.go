// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

// matrix runs several workloads and says how they ended.
func (r *runVerb) matrix(ctx context.Context, runner *workload.Runner, workloads []workload.Workload) error {
	logs, done, err := r.logs()
	if err != nil {
		return err
	}
	started := time.Now()
	hidden := workloadSecrets(workloads)
	var tasks []scheduler.Task
	for _, w := range workloads {
		tasks = append(tasks, runner.Task(w))
	}
	results, err := r.app.console().Run(ctx, &scheduler.Scheduler{
		Parallel: scheduler.Parallel(r.parallel, r.limits.Memory), FailFast: r.failFast, LogDir: logs, Secrets: hidden,
	}, tasks)
	if err != nil {
		return errors.Join(err, done(started, nil))
	}
	if err := done(started, results); err != nil {
		return err
	}
	failed := false
	for _, result := range results {
		failed = failed || result.State != outcome.Passed
		if result.State == outcome.NoImage || result.State == outcome.EngineError {
			r.app.printError(r.advise(result))
		}
	}
	if err := r.app.resultTable("TARGET", results); err != nil {
		return err
	}
	r.app.infof("logs: %s", logs)
	if failed {
		return statusError(1)
	}
	return nil
}

// workloadSecrets are what logs of workloads may not repeat.
func workloadSecrets(workloads []workload.Workload) *redact.Redactor {
	var all []string
	for _, w := range workloads {
		for _, s := range w.Secrets {
			all = append(all, string(s.Data))
		}
	}
	slices.Sort(all)
	return redact.New(slices.Compact(all)...)
}

// resultTable writes how tasks ended; heading is what they are.
func (a *app) resultTable(heading string, results []outcome.Result) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "%s\tRESULT\tTIME\tFIRST FAILING LINE\n", heading)
	for _, result := range results {
		line := termtext.Line(result.Line)
		text := result.Text()
		if result.Allowed {
			text += ", allowed"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", termtext.Line(result.Workload), text, outcome.Elapsed(result.Duration), cmp.Or(line, "-"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.write(b.Bytes())
}

// logs gives the directory for the logs of this run. It is not below the
// project's directory, which stays as it is, nor among the runs of jobs. done
// keeps how the workloads ended, and removes a directory in which none has.
func (r *runVerb) logs() (dir string, done func(time.Time, []outcome.Result) error, err error) {
	if r.logDir != "" {
		if err := os.MkdirAll(r.logDir, 0o755); err != nil {
			return "", nil, fmt.Errorf("cannot keep logs: %w", err)
		}
		return r.logDir, func(time.Time, []outcome.Result) error { return nil }, nil
	}
	store, err := r.app.store("target-runs")
	if err != nil {
		return "", nil, fmt.Errorf("%w, name a directory with --log-dir", err)
	}
	live, err := store.Create()
	if err != nil {
		return "", nil, err
	}
	return live.Dir, func(started time.Time, results []outcome.Result) error {
		run := jobrecord.Run{ID: filepath.Base(live.Dir), Project: r.app.workspace().BaseDir(), Started: started, Ended: time.Now()}
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
