// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/factsimport"
)

func newFactsImport(a *app) *cobra.Command {
	var tree, format string
	var write bool
	cmd := &cobra.Command{
		Use:   "import DIR",
		Short: "Compare the facts with those of libvirt-ci, or import them",
		Long: `Compare the facts with those of DIR, which is a checkout of libvirt-ci or the directory
lcitool/facts in one. Print the targets and mappings that are new, removed or different,
each with the targets and architectures on which it differs. Differences that
CORRECTIONS.md lists are left out. The exit status is 1 if anything differs.

With --write, update the files in a source tree of lcitool so that nothing differs. The
order and the comments of the files do not change.`,
		Args: cliflags.Args("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importFacts(args[0], tree, format, write)
		},
	}
	cmd.Flags().StringVar(&tree, "tree", ".", "lcitool source tree whose facts to compare and update; without facts there, the built-in ones are compared")
	cmd.Flags().BoolVar(&write, "write", false, "update the source tree")
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	return cmd
}

func (a *app) importFacts(dir, tree, format string, write bool) error {
	theirs, err := factsimport.LoadOriginal(dir)
	if err != nil {
		return err
	}
	ours, corrections, inTree, err := factsimport.LoadOurs(tree)
	if err != nil {
		return err
	}
	if write && !inTree {
		return diag.WithHint(fmt.Errorf("cannot write: %s is no source tree of lcitool", tree), "name one with --tree")
	}
	report, err := factsimport.Compare(ours, theirs, corrections)
	if err != nil {
		return err
	}
	if format == "json" {
		err = a.JSON(report)
	} else {
		err = a.Write([]byte(report.Text()))
	}
	if err != nil || !report.Differs() {
		return err
	}
	if !write {
		return statusError(1) // the report has the reason
	}
	files, err := factsimport.Apply(tree, ours, theirs, report)
	for _, file := range files {
		a.Infof("wrote %s", file)
	}
	return err
}
