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
		Short: "Compare the facts with a checkout of the original's",
		Long: `Compare the facts with those of DIR, a checkout of libvirt-ci or its directory
lcitool/facts: targets and mappings that are new, gone or different, each with
the targets and architectures that it differs on. Differences that CORRECTIONS.md
lists are left out. The status is 1 if anything differs.

With --write, the files of a source tree of lcitool are changed so that nothing
differs. Their order and comments stay.`,
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
		return statusError(1) // the report says why
	}
	files, err := factsimport.Apply(tree, ours, theirs, report)
	for _, file := range files {
		a.Infof("wrote %s", file)
	}
	return err
}
