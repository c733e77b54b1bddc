// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// Lint checks the facts below dir. For "", it checks those that replace the
// built-in facts, or else the built-in ones.
func (w *Workspace) Lint(dir string) ([]facts.Finding, error) {
	var layers []facts.Layer
	if dir != "" {
		layer, err := facts.Dir(dir)
		if dir == w.DataDir() {
			layer, err = w.DataLayer()
		}
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	if w.o.FactsDir != "" {
		layer, err := facts.Dir(w.o.FactsDir)
		if err != nil {
			return nil, err
		}
		layer.Bundled = true
		layers = append(layers, layer)
	}
	check := max(1, len(layers))
	var releases []facts.Layer
	for _, l := range layers {
		releases = append(releases, l.Sub("targets"))
	}
	if w.o.FactsDir == "" {
		layers = append(layers, facts.BuiltIn())
		releases = append(releases, targets.BuiltIn())
	}
	catalogue, err := targets.Load(targets.Options{Layers: releases})
	if err != nil {
		catalogue, err = targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	}
	if err != nil {
		return nil, err
	}
	findings := facts.Lint(facts.LintOptions{Layers: layers, Check: check, Known: catalogue.Vocabulary()})
	return facts.SortFindings(append(findings, targets.Lint(releases, check)...)), nil
}
