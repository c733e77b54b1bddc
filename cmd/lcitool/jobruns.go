// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

func newJobRuns(a *app) *cobra.Command {
	var format string
	var all bool
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List earlier runs of jobs",
		Long: `List the runs of this project's jobs, newest first. lcitool keeps the last 20 runs of all
projects together, and the last 20 that were steps of "lcitool job bisect". Other commands
accept the beginning of an ID, for example "lcitool job logs --run 20261123-2359".`,
		Example: `  lcitool job runs
  lcitool job runs --all --format json`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := a.runs()
			if err != nil {
				return err
			}
			project := ""
			if !all {
				if project, err = a.projectDirectory(); err != nil {
					return err
				}
			}
			runs := jobrecord.Summarize(store.Runs(project))
			if format == "json" {
				return a.JSON(append([]jobrecord.Summary{}, runs...))
			}
			return a.Table(jobrecord.Rows(runs, all))
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	cmd.Flags().BoolVar(&all, "all", false, "list the runs of all projects")
	return cmd
}
