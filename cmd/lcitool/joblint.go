// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/termtext"
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
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.pipeline(cmd, &chosen)
			if err != nil {
				return err
			}
			if err := a.printProblems(e.Problems, format); err != nil {
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
	cliflags.Choice(cmd.Flags(), &format, "format", "", "text or json", "text", "json")
	chosen.flags(cmd.Flags())
	return cmd
}

// A listedProblem is a problem in JSON.
type listedProblem struct {
	Effect  string `json:"effect"` // refused, incomplete, doubtful or notice
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Job     string `json:"job"` // "" for the whole pipeline
	Message string `json:"message"`
}

// printProblems writes problems, a line each in text.
func (a *app) printProblems(list []gitlabci.Problem, format string) error {
	if format == "json" {
		out := []listedProblem{}
		for _, p := range list {
			out = append(out, listedProblem{p.Effect.String(), p.Pos.File, p.Pos.Line, p.Pos.Column, p.Job, p.Message})
		}
		return a.json(out)
	}
	text := ""
	for _, p := range list {
		text += termtext.Line(p.Pos.String()+": "+p.Effect.String()+": "+p.Text()) + "\n"
	}
	return a.write([]byte(text))
}
