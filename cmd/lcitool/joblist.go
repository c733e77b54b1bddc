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
		Short: "List the jobs of the project's pipeline",
		Long: `Read .gitlab-ci.yml with what it includes from the same tree, and list the jobs
that GitLab would put into the pipeline of an event: by default a merge request
from a fork with RUN_PIPELINE=1. Nothing is fetched without --fetch: an include from
elsewhere is named, and jobs that need something from it are marked. So are jobs that GitLab
refuses; "lcitool job lint" fails for them. Of a pipeline without jobs it says which
rules leave them out and which variables would give some. Jobs of a child pipeline
whose files are in the tree are listed as TRIGGER/JOB.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.pipeline(cmd, &chosen)
			if err != nil {
				return err
			}
			jobs := e.List(all)
			e.WriteNotes(jobs, chosen.given.All)
			if format == "json" {
				return a.JSON(jobs)
			}
			return a.Table(pipelinerun.JobRows(jobs))
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	cmd.Flags().BoolVar(&all, "all", false, `include jobs that are not in the pipeline, as "never"`)
	chosen.flags(cmd.Flags())
	return cmd
}
