// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobreport"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// repeatFlags say how often jobs run.
type repeatFlags struct {
	times        int
	untilFailure bool
}

func (r *repeatFlags) wanted() bool { return r.times != 0 || r.untilFailure }

func (r *repeatFlags) check(cmd *cobra.Command) error {
	if r.times < 0 || cmd.Flags().Changed("repeat") && r.times == 0 {
		return cliflags.Usagef(cmd, "argument --repeat: must be positive")
	}
	return nil
}

// repeat runs the jobs of a plan again and again, a line for each time, and
// says what failed how often.
func (v *jobVerb) repeat(ctx context.Context, engine *container.Engine, p *pipelinerun.Plan, o pipelinerun.LocalOptions, reports []jobreport.Request) error {
	a := v.app
	r := pipelinerun.RepeatOptions{LocalOptions: o, Times: v.repeats.times}
	r.Parallel = max(1, o.Parallel)
	r.FailFast = v.repeats.untilFailure || v.local.FailFast
	var lost error
	r.Watch = func(x pipelinerun.Round) {
		number := fmt.Sprint(x.Number)
		if r.Times > 0 {
			number += fmt.Sprintf(" of %d", r.Times)
		}
		line := fmt.Sprintf("run %s: %s in %s", number, x.Worst.Text(), outcome.Elapsed(x.Duration))
		if !x.Worst.OK() {
			line += ": " + termtext.Line(x.Worst.Line)
		}
		lost = errors.Join(lost, a.Write([]byte(line+"\n")))
	}
	all, needs, err := pipelinerun.Repeat(ctx, p, r)
	switch {
	case needs != nil:
		return errors.Join(err, a.writeReports(reports, needs), v.finish(ctx, engine, needs))
	case all == nil:
		return err
	}
	for _, x := range all.Jobs {
		if x.State == outcome.NoImage || x.State == outcome.EngineError {
			name, _, _ := strings.Cut(x.Workload, " #")
			target := ""
			if j := all.Run.Job(x.Workload); j != nil {
				target = j.Target
			}
			errortext.Print(a.Infof, pipelinerun.Advise(name, target, x.Err))
			break
		}
	}
	err = errors.Join(err, lost, a.Write([]byte(all.Text())), a.writeReports(reports, all.Result))
	if i := slices.IndexFunc(all.Run.Jobs, func(j jobrecord.Job) bool { return j.Container != "" }); i >= 0 {
		a.Infof(`the container of "%s" is kept: "lcitool job shell --last-failed" enters it`, all.Run.Jobs[i].Name)
	}
	a.Infof("logs: %s", all.Dir)
	if err == nil && all.Failed > 0 {
		return statusError(1)
	}
	return err
}
