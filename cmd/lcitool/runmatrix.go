// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"

	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

func (r *runVerb) matrix(ctx context.Context, runner *workload.Runner, workloads []workload.Workload) error {
	results, logs, err := workload.Matrix{
		Scheduler: scheduler.Scheduler{Parallel: scheduler.Parallel(r.parallel, r.limits.Memory), FailFast: r.failFast},
		LogDir:    r.logDir,
		Store:     r.store,
		Project:   r.app.workspace().BaseDir(),
		Show:      r.console().Run,
	}.Run(ctx, runner, workloads)
	if err != nil {
		return err
	}
	failed := false
	for _, result := range results {
		failed = failed || result.State != outcome.Passed
		if result.State == outcome.NoImage || result.State == outcome.EngineError {
			errortext.Print(r.app.Infof, r.advise(result))
		}
	}
	if err := r.app.ResultTable(r.format, outcome.List(results), outcome.Rows("TARGET", results)); err != nil {
		return err
	}
	r.app.Infof("logs: %s", logs)
	if failed {
		return statusError(1)
	}
	return nil
}

// console returns where output is shown. With JSON output, stdout is only for
// the results.
func (r *runVerb) console() progress.Console {
	c := r.app.console()
	if r.format == "json" {
		c.Stdout = c.Stderr
	}
	return c
}

func (r *runVerb) store() (*jobrecord.Store, error) {
	store, err := jobrecord.TargetRuns(userdirs.State(r.app.Getenv))
	if err != nil {
		err = fmt.Errorf("%w, name a directory with --log-dir", err)
	}
	return store, err
}
