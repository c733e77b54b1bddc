// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/targets"
)

func newFactsDiff(a *app) *cobra.Command {
	o := &output{app: a}
	var projects, format string
	cmd := &cobra.Command{
		Use:   "diff TARGET TARGET",
		Short: "Show what two targets install differently",
		Args:  cliflags.Args("TARGET", "TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkArches(cmd); err != nil {
				return err
			}
			left, err := o.resolved(cmd.Context(), args[0], projects)
			if err != nil {
				return err
			}
			right, err := o.resolved(cmd.Context(), args[1], projects)
			if err != nil {
				return err
			}
			differences := targets.Differences(left, right)
			if format == "json" {
				return a.JSON(differences)
			}
			return a.Text(func(w io.Writer) error { return targets.WriteDifferences(w, args[0], args[1], differences) })
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVarP(&projects, "projects", "p", "all", "projects to compare")
	cliflags.Choice(cmd.Flags(), &format, "format", "", "text or json", "text", "json")
	return cmd
}

func (o *output) resolved(ctx context.Context, target, projects string) (map[string]targets.Package, error) {
	_, packages, err := o.resolve(ctx, target, projects, anything)
	if err != nil {
		return nil, err
	}
	return packages.Resolved, nil
}
