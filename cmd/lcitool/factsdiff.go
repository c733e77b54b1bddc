// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
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
			differences := compare(left, right)
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

// A difference is a mapping that two targets have different packages for.
type difference struct {
	Mapping string    `json:"mapping"`
	Left    *packaged `json:"left"` // null when there is none
	Right   *packaged `json:"right"`
}

type packaged struct {
	Kind    targets.Kind `json:"kind"`
	Package string       `json:"package"`
}

// compare lists what differs, sorted by mapping.
func compare(left, right map[string]targets.Package) []difference {
	mappings := slices.Concat(slices.Collect(maps.Keys(left)), slices.Collect(maps.Keys(right)))
	slices.Sort(mappings)
	differences := []difference{}
	for _, mapping := range slices.Compact(mappings) {
		d := difference{mapping, packagedOf(left, mapping), packagedOf(right, mapping)}
		if d.Left == nil || d.Right == nil || *d.Left != *d.Right {
			differences = append(differences, d)
		}
	}
	return differences
}

func packagedOf(packages map[string]targets.Package, mapping string) *packaged {
	p, ok := packages[mapping]
	if !ok {
		return nil
	}
	return &packaged{p.Kind, p.Name}
}

func (p *packaged) String() string {
	switch {
	case p == nil:
		return "-"
	case p.Kind == targets.PyPI, p.Kind == targets.CPAN:
		return fmt.Sprintf("%s (%s)", p.Package, p.Kind)
	}
	return p.Package
}

// printDifferences writes a table with the targets above its columns.
func (a *app) printDifferences(names []string, differences []difference) error {
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
