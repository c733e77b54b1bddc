// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
	"gitlab.com/lcitool/lcitool/targets"
)

func newFactsDiff(a *app) *cobra.Command {
	o := &output{app: a}
	var projects, format string
	cmd := &cobra.Command{
		Use:   "diff TARGET TARGET",
		Short: "Show what two targets install differently",
		Args:  needArgs("TARGET", "TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
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
				return a.json(differences)
			}
			return a.printDifferences(args, differences)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVarP(&projects, "projects", "p", "all", "projects to compare")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func (o *output) resolved(ctx context.Context, target, projects string) (map[string]targets.Package, error) {
	_, packages, err := o.resolve(ctx, target, projects, anything)
	if err != nil {
		return nil, err
	}
	return packages.Resolved, nil
}

// printDifferences writes a table with the targets above its columns.
func (a *app) printDifferences(names []string, differences []targets.Difference) error {
	if len(differences) == 0 {
		return nil
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "MAPPING\t%s\t%s\n", names[0], names[1])
	for _, d := range differences {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", yamldoc.OneLine(d.Mapping), d.Left, d.Right)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.write(b.Bytes())
}
