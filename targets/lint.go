// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"errors"
	"slices"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

// Lint checks all targets that the first check layers contain: invalid files,
// keys without effect, wrong names. The findings are sorted.
func Lint(layers []facts.Layer, check int) []facts.Finding {
	var findings []facts.Finding
	report := func(f *facts.Problem) {
		findings = append(findings, facts.Finding{Problem: f, Severity: facts.ErrorSeverity})
	}
	layers = slices.Clone(layers)
	for i := range layers {
		layers[i].Proven = i >= check
	}
	c, err := Load(Options{Layers: layers, Warn: report})
	for _, f := range problemsIn(err) {
		report(f)
	}
	for name, files := range c.files {
		if files[0] >= check {
			continue
		}
		if name != shared {
			_, err = c.Release(name)
		} else {
			err = lintShared(layers, files, check, report)
		}
		for _, f := range problemsIn(err) {
			report(f)
		}
	}
	return facts.SortFindings(findings)
}

// lintShared checks the file that is not a target, in those of the layers files
// that are among the first check ones.
func lintShared(layers []facts.Layer, files []int, check int, report func(*facts.Problem)) error {
	var errs []error
	for _, i := range files {
		if i >= check {
			continue
		}
		_, ignored, err := readLayer(layers[i], shared+".yml")
		for _, f := range ignored {
			report(f)
		}
		errs = append(errs, err)
	}
	return diag.Join(errs...)
}

// problemsIn returns the problems with a position that err wraps and joins.
func problemsIn(err error) []*facts.Problem {
	var (
		joined   interface{ Unwrap() []error }
		problem  *facts.Problem
		problems []*facts.Problem
	)
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			problems = append(problems, problemsIn(e)...)
		}
		return problems
	}
	if errors.As(err, &problem) {
		problems = append(problems, problem)
	}
	return problems
}
