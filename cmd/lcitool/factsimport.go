// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/factsimport"
	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/targets"
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
		Args: needArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			return a.importFacts(args[0], tree, format, write)
		},
	}
	cmd.Flags().StringVar(&tree, "tree", ".", "source tree of lcitool to compare and write; without facts in it, the built-in ones are compared")
	cmd.Flags().BoolVar(&write, "write", false, "write the differences to the source tree")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func (a *app) importFacts(dir, tree, format string, write bool) error {
	theirs, err := theirFacts(dir)
	if err != nil {
		return err
	}
	layer, targetsLayer, inTree, err := ourLayers(tree)
	if err != nil {
		return err
	}
	if write && !inTree {
		return diag.WithHint(fmt.Errorf("cannot write: %s is no source tree of lcitool", tree), "name one with --tree")
	}
	ours, err := factsimport.Load(layer, targetsLayer)
	if err != nil {
		return err
	}
	corrections := []byte(nil)
	if layer.Has("CORRECTIONS.md") {
		if corrections, err = layer.Read("CORRECTIONS.md"); err != nil {
			return err
		}
	}
	report, err := factsimport.Compare(ours, theirs, string(corrections))
	if err != nil {
		return err
	}
	if format == "json" {
		err = a.json(report)
	} else {
		err = a.write([]byte(importText(report)))
	}
	if err != nil || !report.Differs() {
		return err
	}
	if !write {
		return statusError(1) // the report says why
	}
	files, err := factsimport.Apply(tree, ours, theirs, report)
	for _, file := range files {
		a.infof("wrote %s", file)
	}
	return err
}

// theirFacts reads the original's facts in or below a directory.
func theirFacts(dir string) (factsimport.Facts, error) {
	for _, below := range []string{"lcitool/facts", "facts", "."} {
		layer, err := facts.Dir(filepath.Join(dir, below))
		if err == nil && layer.Has("mappings.yml") {
			return factsimport.Load(layer, layer.Sub("targets"))
		}
	}
	return factsimport.Facts{}, diag.WithHint(fmt.Errorf("%s has no facts of the original: no mappings.yml", dir),
		"name a checkout of libvirt-ci, or its directory lcitool/facts")
}

// ourLayers gives our facts and targets: those of a source tree, or the
// built-in ones.
func ourLayers(tree string) (layer, targetsLayer facts.Layer, inTree bool, err error) {
	if _, err := os.Stat(filepath.Join(tree, "facts", "mappings")); errors.Is(err, os.ErrNotExist) {
		return facts.BuiltIn(), targets.BuiltIn(), false, nil
	}
	if layer, err = facts.Dir(filepath.Join(tree, "facts")); err != nil {
		return layer, targetsLayer, false, err
	}
	targetsLayer, err = facts.Dir(filepath.Join(tree, "targets"))
	return layer, targetsLayer, true, err
}

func importText(r *factsimport.Report) string {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(termtext.Line(fmt.Sprintf(format, args...)) + "\n") }
	for _, name := range r.NewTargets {
		line("new target %s", name)
	}
	for _, name := range r.GoneTargets {
		line("gone target %s", name)
	}
	for _, k := range r.Keys {
		line("target %s: %s: %s -> %s", k.Target, k.Key, orDash(k.Ours), orDash(k.Theirs))
	}
	for _, name := range r.NewMappings {
		line("new mapping %s", name)
	}
	for _, name := range r.GoneMappings {
		line("gone mapping %s", name)
	}
	for _, c := range r.Cells {
		line("%v", c)
	}
	if n := len(r.Corrected); n > 0 {
		line("left out: %d differences that CORRECTIONS.md lists", n)
	}
	if n := len(r.Kept); n > 0 {
		line("left out: %d mappings that only our own projects need: %s", n, strings.Join(r.Kept, ", "))
	}
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
