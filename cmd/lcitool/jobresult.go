// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobreport"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// finish says how jobs ended and gives the exit status.
func (v *jobVerb) finish(ctx context.Context, engine *container.Engine, result *pipelinerun.Result) error {
	a := v.app
	record := result.Run
	for i, r := range result.Jobs {
		if r.State == outcome.NoImage || r.State == outcome.EngineError {
			errortext.Print(a.Infof, pipelinerun.Advise(record.Jobs[i].Name, record.Jobs[i].Target, r.Err))
		}
	}
	if len(result.Jobs) == 1 {
		a.Infof("%s", result.Jobs[0].Sentence())
	} else if err := a.Table(outcome.Rows("JOB", result.Jobs)); err != nil {
		return err
	}
	a.Infos(result.Files())
	if v.local.Timestamps {
		a.Infos((&jobrecord.Stored{Run: *record, Dir: result.Dir}).Timings(record.Names()))
	}
	var kept *jobrecord.Job
	for i := range record.Jobs {
		j := &record.Jobs[i]
		if j.Command != "" {
			a.Infof("%s failed in: %s", j.Name, termtext.FirstLine(j.Command))
		}
		if j.Container != "" && kept == nil {
			kept = j
		}
	}
	switch {
	case kept != nil && v.onFailure == "shell" && stdio.IsTerminal(a.Stdin):
		errortext.Print(a.Infof, pipelinerun.EnterKept(ctx, engine, kept, nil, a.Own(), a.messages()))
		errortext.Print(a.Infof, pipelinerun.RemoveKept(ctx, engine, record))
	case kept != nil:
		a.Infof(`its container is kept: "lcitool job shell --last-failed" enters it`)
	}
	return status(result.ExitStatus())
}

// writeReports writes reports on a run.
func (a *app) writeReports(reports []jobreport.Request, result *pipelinerun.Result) error {
	return jobreport.WriteAll(reports, &jobrecord.Stored{Run: *result.Run, Dir: result.Dir}, result.Secrets, a.Stdout)
}
