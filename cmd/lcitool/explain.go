// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/targets"
)

func newExplain(a *app) *cobra.Command {
	var arches archFlags
	var projects, format string
	cmd := &cobra.Command{
		Use:   "explain TARGET PACKAGE|MAPPING",
		Short: "Explain why a package is installed",
		Long: `Trace a package of a target, or a mapping (the generic name of a dependency), from the
projects that need it to the line of the facts that decides its name. The output also
has the selectors that would take precedence, all other selectors of the mapping, and
the targets on which the mapping has no package.`,
		Args: cliflags.Args("TARGET", "PACKAGE|MAPPING"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := arches.check(cmd); err != nil {
				return err
			}
			e, err := a.workspace().Explainer(cmd.Context(), arches.Arches, args[0], projects)
			if err != nil {
				return err
			}
			found, err := e.Explain(args[1])
			if err != nil {
				return err
			}
			if err := a.checkWarnings(); err != nil {
				return err
			}
			return a.ResultText(format, found, func(w io.Writer) error { return targets.WriteExplanations(w, e.Target, found) })
		},
	}
	arches.flags(cmd)
	cmd.Flags().StringVarP(&projects, "projects", "p", "", "projects to search, separated by commas (default all)")
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	return cmd
}
