// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
)

func newJobLint(a *app) *cobra.Command {
	var chosen eventChoice
	var format string
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Check the project's GitLab pipeline",
		Long: `Read .gitlab-ci.yml and the files that it includes, and list problems by file and line:
what GitLab rejects, what is probably a mistake, what a job needs that lcitool does not
know, and what GitLab does but lcitool does not. What depends on an event is checked for
one event, by default a merge request from a fork with RUN_PIPELINE=1. Files from outside
of the project are only fetched with --fetch.

The exit status is 1 if GitLab would not create a pipeline. With --strict, it is also 1
if something is probably a mistake.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.pipeline(cmd, &chosen)
			if err != nil {
				return err
			}
			all, lines := pipelinerun.ListProblems(e.Problems)
			if err := a.Result(format, all, lines); err != nil {
				return err
			}
			for _, p := range e.Problems {
				if p.Effect == gitlabci.Refused || a.strict && p.Effect == gitlabci.Doubtful {
					return statusError(1)
				}
			}
			return nil
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	chosen.flags(cmd.Flags())
	return cmd
}
