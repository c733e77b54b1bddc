// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
)

func newJobList(a *app) *cobra.Command {
	var chosen eventChoice
	var format string
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the jobs of the project's GitLab pipeline",
		Long: `Read .gitlab-ci.yml and the files that it includes, and list the jobs that GitLab would
add to the pipeline of an event. The default event is a merge request from a fork with
RUN_PIPELINE=1. Jobs of a child pipeline whose files are in the project are listed as
TRIGGER/JOB. If the pipeline has no jobs, lcitool prints the rules that exclude them and
the variables that would add some.

Files from outside of the project are only fetched with --fetch. Without it, lcitool lists
such includes and marks the jobs that need something from them as unresolved. Jobs that
GitLab rejects are marked as refused; "lcitool job lint" fails for them. Jobs whose rules
lcitool cannot evaluate are listed as "unknown", with a warning.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.pipeline(cmd, &chosen)
			if err != nil {
				return err
			}
			jobs := e.List(all)
			e.WriteNotes(jobs, chosen.given.All)
			return a.ResultTable(format, jobs, pipelinerun.JobRows(jobs))
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	cmd.Flags().BoolVar(&all, "all", false, `include jobs that are not in the pipeline, as "never"`)
	chosen.flags(cmd.Flags())
	return cmd
}
