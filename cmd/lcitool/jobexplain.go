// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

func newJobExplain(a *app) *cobra.Command {
	var chosen eventChoice
	var format string
	cmd := &cobra.Command{
		Use:   "explain JOB",
		Short: "Explain why a job is or is not in the pipeline",
		Long: `Print the rules of a job for an event: each condition with the values of its variables,
and the rule that decides. Also print where the image of the job comes from. The default
event is a merge request from a fork with RUN_PIPELINE=1. Values of secret variables are
hidden.`,
		Args: cliflags.Args("JOB"),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.pipeline(cmd, &chosen)
			if err != nil {
				return err
			}
			jobs := pipelinerun.Explain(e, args[0], redact.Variables(chosen.given.All))
			if len(jobs) == 0 {
				return pipelinerun.NoJob(e.Evaluation, args[0])
			}
			return a.ResultText(format, jobs, func(w io.Writer) error {
				_, err := io.WriteString(w, pipelinerun.ExplanationText(jobs))
				return err
			})
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	chosen.flags(cmd.Flags())
	return cmd
}
