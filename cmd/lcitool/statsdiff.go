// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
)

func newStatsDiff(a *app) *cobra.Command {
	var format string
	var fail bool
	cmd := &cobra.Command{
		Use:   "diff FILE FILE",
		Short: "Compare two runs of the statistics suite",
		Long: `Compare two files written by "lcitool stats check --json": statistics that are new, removed
or of another type, changes in what QEMU supports, and cases with another result. This is useful
after an update of libvirt, QEMU or the kernel.`,
		Args: cliflags.Args("FILE", "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			left, err := report.ReadFile(args[0])
			if err != nil {
				return err
			}
			right, err := report.ReadFile(args[1])
			if err != nil {
				return err
			}
			changes := report.Diff(left, right)
			if format == "json" {
				err = a.JSON(append([]report.Change{}, changes...))
			} else {
				err = report.WriteChanges(a.Stdout, changes)
			}
			if err == nil && fail && len(changes) > 0 {
				return statusError(1)
			}
			return err
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	cmd.Flags().BoolVar(&fail, "fail-on-difference", false, "exit with status 1 if the runs differ")
	return cmd
}
