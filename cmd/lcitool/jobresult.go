// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
)

// finish says how jobs ended and gives the exit status.
func (v *jobVerb) finish(ctx context.Context, engine *container.Engine, result *pipelinerun.Result) error {
	a := v.app
	record := result.Run
	for i, r := range result.Jobs {
		if r.State == outcome.NoImage || r.State == outcome.EngineError {
			a.printError(v.advise(record.Jobs[i], r.Err))
		}
	}
	if err := a.jobTable(result); err != nil {
		return err
	}
	if v.timestamps {
		a.printCommands(&jobrecord.Stored{Run: *record, Dir: result.Dir}, jobNames(record))
	}
	kept := -1
	for i, j := range record.Jobs {
		if j.Command != "" {
			a.infof("%s failed in: %s", j.Name, firstLine(j.Command))
		}
		if j.Container != "" && kept < 0 {
			kept = i
		}
	}
	switch {
	case kept >= 0 && v.onFailure == "shell" && isTerminal(a.stdin):
		if err := a.shellInto(ctx, engine, &record.Jobs[kept], nil); err != nil {
			a.printError(err)
		}
		a.removeKept(ctx, engine, record)
	case kept >= 0:
		a.infof(`its container is kept: "lcitool job shell --last-failed" enters it`)
	}
	return exitStatus(result)
}

// jobNames are the names of the jobs of a run.
func jobNames(run *jobrecord.Run) []string {
	var names []string
	for i := range run.Jobs {
		names = append(names, run.Jobs[i].Name)
	}
	return names
}

// removeKept removes the kept containers of a run.
func (a *app) removeKept(ctx context.Context, engine *container.Engine, record *jobrecord.Run) {
	for _, j := range record.Jobs {
		if j.Container == "" {
			continue
		}
		c, err := engine.Open(ctx, j.Container)
		if err == nil {
			err = c.Remove(ctx)
		}
		if err != nil && !errors.Is(err, container.ErrNotKept) {
			a.printError(err)
		}
	}
}

// exitStatus is that of a run. A single job says more of itself.
func exitStatus(result *pipelinerun.Result) error {
	if len(result.Jobs) == 1 && !result.Jobs[0].OK() {
		switch only := result.Jobs[0]; only.State {
		case outcome.TimedOut:
			return statusError(124)
		case outcome.NoImage, outcome.EngineError:
			return statusError(max(125, container.Status(only.Err))) // it did not run
		}
	}
	if !result.OK() {
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
	return diag.WithHint(err, fmt.Sprintf("--bootstrap makes base images from the distribution's mirror, as lcitool container bootstrap %s does", j.Target))
}

// jobTable says how jobs ended that ran here: a line for a single one, else a
// table.
func (a *app) jobTable(result *pipelinerun.Result) error {
	if len(result.Jobs) == 1 {
		r := result.Jobs[0]
		text := fmt.Sprintf("%s: %s in %s", r.Workload, r.Text(), outcome.Elapsed(r.Duration))
		if r.Line != "" && r.State != outcome.NoImage && r.State != outcome.EngineError {
			text += ": " + r.Line
		}
		if r.Coverage != "" {
			text += ", coverage " + r.Coverage + "%"
		}
		a.infof("%s", text)
	} else if err := a.resultTable("JOB", result.Jobs); err != nil {
		return err
	}
	a.printFiles(result)
	return nil
}

// printFiles says where the files of a run are.
func (a *app) printFiles(result *pipelinerun.Result) {
	a.infof("logs: %s", result.Dir)
	for _, j := range result.Run.Jobs {
		if j.Artifacts != "" {
			a.infof("artifacts: %s", j.Artifacts)
		}
	}
}
