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
		Short: "Check the project's pipeline",
		Long: `Read .gitlab-ci.yml with what it includes from the same tree, and list what GitLab
refuses, what hardly means what its author thinks, what is not known here and what
is left to GitLab, each with file and line. What depends on an event is checked for
one, by default a merge request from a fork with RUN_PIPELINE=1. Nothing is fetched.

The exit status is 1 if GitLab makes no pipeline; with --strict also if something is
doubtful.`,
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
