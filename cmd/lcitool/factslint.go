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
		Short: "Find all that is wrong with a directory of facts",
		Long: `Reads all mappings, targets and projects of DIR, by default those of the data
directory in use or else the built-in ones, and lists what is wrong with them
by file and line: keys and selectors without effect, names that are missing,
lists out of order, targets that cannot be read. What may well be as it should
be is a note; notes alone leave the exit status 0, unless --strict is given.`,
		Args: cliflags.AtMostArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := a.workspace().DataDir()
			if len(args) > 0 {
				dir = args[0]
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
