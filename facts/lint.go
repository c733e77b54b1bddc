// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// A Severity says how much a finding matters.
type Severity string

// The severities.
const (
	ErrorSeverity Severity = "error" // to be put right
	NoteSeverity  Severity = "note"  // may well be as it should be
)

// A Finding is what a check of facts has to say about one place.
type Finding struct {
	*Problem
	Severity Severity
}

// SortFindings orders findings by file, line and column; equal ones appear
// once.
func SortFindings(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		if c := a.Compare(b.Position); c != 0 {
			return c
		}
		return strings.Compare(a.Message, b.Message)
	})
	return slices.CompactFunc(list, func(a, b Finding) bool { return *a.Problem == *b.Problem })
}

// LintOptions say what Lint checks.
type LintOptions struct {
	Layers []Layer    // nearest first
	Check  int        // how many of them are looked into, from the nearest on; the others are only looked up in
	Known  Vocabulary // the selectors there are
}

// Lint reads all mappings and projects of the layers to check, and finds all
// that is wrong with them or out of order. The findings are sorted.
func Lint(o LintOptions) []Finding {
	l := &linter{known: o.Known, names: map[string]bool{}, native: map[string]bool{}, needed: map[string]bool{}}
	for i, layer := range o.Layers {
		if i < o.Check {
			l.lintFiles(layer)
		}
		l.lintMappings(layer, i < o.Check)
	}
	for i, layer := range o.Layers {
		l.lintProjects(layer, i < o.Check)
	}
	for _, e := range l.own {
		l.lintUse(e)
	}
	return SortFindings(l.findings)
}

type linter struct {
	known    Vocabulary
	names    map[string]bool // mappings of any section and layer
	native   map[string]bool // those of the section that the original looks in first
	needed   map[string]bool // by a project of any layer
	own      []entry         // of the layers to check that are not built in
	findings []Finding
}

// report adds the errors that err joins.
func (l *linter) report(err error) {
	for _, e := range diag.Leaves(err) {
		var problem *Problem
		if errors.As(e, &problem) {
			l.findings = append(l.findings, Finding{problem, ErrorSeverity})
			continue
		}
		l.findings = append(l.findings, Finding{diag.Errorf(Position{}, "%v", e), ErrorSeverity})
	}
}

func (l *linter) reportAll(problems []*Problem) {
	for _, f := range problems {
		l.report(f)
	}
}

func (l *linter) errorf(pos Position, format string, args ...any) {
	l.report(diag.Errorf(pos, format, args...))
}

func (l *linter) note(pos Position, format string, args ...any) {
	l.findings = append(l.findings, Finding{diag.Errorf(pos, format, args...), NoteSeverity})
}

// lintFiles finds what a layer holds under names of facts that are not read.
func (l *linter) lintFiles(layer Layer) {
	for _, dir := range []string{"mappings", "projects", "targets"} {
		entries, err := fs.ReadDir(layer.FS, dir)
		if err != nil {
			continue // a missing directory is no error; others come up when it is listed
		}
		for _, e := range entries {
			l.lintFile(layer, path.Join(dir, e.Name()))
		}
	}
	if layer.Bundled {
		return
	}
	if files, _ := layer.Files("projects/internal"); len(files) > 0 {
		l.note(Position{File: layer.Path("projects/internal")}, "has no effect: only --facts-dir replaces the program's own projects")
	}
}

func (l *linter) lintFile(layer Layer, file string) {
	pos := Position{File: layer.Path(file)}
	switch path.Ext(file) {
	case ".yaml", ".YML", ".YAML":
		l.note(pos, "has no effect: only files whose names end in .yml are read")
	case ".yml":
		if info, err := fs.Stat(layer.FS, file); err != nil {
			l.errorf(pos, "cannot read: %v", diag.Cause(err))
		} else if !info.Mode().IsRegular() {
			l.errorf(pos, "is not a regular file")
		}
	}
}
