// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

func newFactsDiff(a *app) *cobra.Command {
	var arches archFlags
	var projects, format string
	cmd := &cobra.Command{
		Use:   "diff TARGET TARGET",
		Short: "Compare the packages of two targets",
		Long: `List the mappings (generic names of dependencies) for which two targets install different
packages, or for which only one of them installs a package. The exit status is 0 with
and without differences.`,
		Args: cliflags.Args("TARGET", "TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := arches.check(cmd); err != nil {
				return err
			}
			var packages [2]*targets.Packages
			for i, target := range args {
				var err error
				if _, packages[i], err = a.workspace().ResolvePattern(cmd.Context(), arches.Arches, target, projects, workspace.AnyTarget); err != nil {
					return err
				}
				if err := a.checkWarnings(); err != nil {
					return err
				}
			}
			differences := targets.Differences(packages[0].Resolved, packages[1].Resolved)
			return a.ResultText(format, differences, func(w io.Writer) error { return targets.WriteDifferences(w, args[0], args[1], differences) })
		},
	}
	arches.flags(cmd)
	cmd.Flags().StringVarP(&projects, "projects", "p", "all", "projects to compare, separated by commas")
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	return cmd
}
