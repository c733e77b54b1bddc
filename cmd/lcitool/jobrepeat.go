// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/jobreport"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

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

func (v *jobVerb) repeat(ctx context.Context, engine pipelinerun.Engine, p *pipelinerun.Plan, o pipelinerun.LocalOptions, reports []jobreport.Request) error {
	a := v.app
	r := pipelinerun.RepeatOptions{LocalOptions: o, Times: v.repeats.times}
	r.Parallel = max(1, o.Parallel)
	r.FailFast = v.repeats.untilFailure || v.local.FailFast
	var lost error
	r.Watch = func(x pipelinerun.Round) {
		lost = errors.Join(lost, v.text(func(w io.Writer) error {
			_, err := fmt.Fprintln(w, termtext.Line(x.Text(r.Times)))
			return err
		}))
	}
	all, needs, err := pipelinerun.Repeat(ctx, p, r)
	switch {
	case needs != nil:
		if !needs.OK() {
			a.Infof("nothing was repeated, because a job that is needed has not passed")
		}
		return errors.Join(err, needs.WriteReports(ctx, reports, a.Stdout), v.finish(ctx, engine, needs))
	case all == nil:
		return err
	}
	errortext.Print(a.Infof, all.FirstError())
	err = errors.Join(err, lost, v.text(func(w io.Writer) error { _, err := io.WriteString(w, all.Text()); return err }), all.WriteReports(ctx, reports, a.Stdout))
	if kept := all.Kept(); kept != nil {
		a.Infof(`the container of "%s" is kept: "lcitool job shell --last-failed" enters it`, kept.Name)
	}
	a.Infof("logs: %s", all.Dir)
	if err == nil && all.Failed > all.Allowed {
		return statusError(1)
	}
	return err
}
