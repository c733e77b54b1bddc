// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
)

func newFactsLint(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Check a directory of facts for errors",
		Long: `Read all mappings, targets and projects of DIR, and list problems by file and line: keys
and selectors without effect, missing names, unsorted lists, and targets that cannot be
read. DIR is by default the data directory in use, or else the built-in facts.

What may be intended is reported as a note. If there are only notes, the exit status
is 0, unless --strict is given.`,
		Args: cliflags.AtMostArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := a.workspace().DataDir()
			if len(args) > 0 {
				if dir = args[0]; dir == "" {
					return cliflags.Usagef(cmd, "argument DIR: expected a directory, got ''")
				}
			}
			findings, err := a.workspace().Lint(dir)
			if err != nil {
				return err
			}
			reports, lines := facts.ListFindings(findings)
			if err := a.Result(format, reports, lines); err != nil {
				return err
			}
			bad := func(f facts.Finding) bool { return a.strict || f.Severity == facts.ErrorSeverity }
			if slices.ContainsFunc(findings, bad) {
				return statusError(1)
			}
			return nil
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	return cmd
}
