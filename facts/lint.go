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

// A Severity is the importance of a finding.
type Severity string

const (
	ErrorSeverity Severity = "error" // to be put right
	NoteSeverity  Severity = "note"  // may well be as it should be
)

// A Finding is the result of a check at one position.
type Finding struct {
	*Problem
	Severity Severity
}

// SortFindings sorts findings by file, line and column, and removes duplicates.
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

// Lint checks all mappings and projects of the first o.Check layers. The
// findings are sorted.
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
	names    map[string]bool // mappings of all sections and layers
	native   map[string]bool // mappings in the section that the original lcitool reads first
	needed   map[string]bool // mappings that a project of any layer needs
	own      []entry         // entries of the layers to check that are not built in
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

// lintFiles reports files that are in directories of facts but are not read.
func (l *linter) lintFiles(layer Layer) {
	l.lintTop(layer)
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

// lintTop reports what looks like facts at the top of a layer and is not read. A
// layer without any facts is an error: nothing in it was checked.
func (l *linter) lintTop(layer Layer) {
	entries, err := fs.ReadDir(layer.FS, ".")
	if err != nil {
		l.errorf(Position{File: layer.Name}, "cannot list: %v", diag.Cause(err))
		return
	}
	found := false
	for _, e := range entries {
		switch name := e.Name(); {
		case name == singleFile:
			found = true
			if _, err := fs.Stat(layer.FS, name); err != nil {
				l.errorf(Position{File: layer.Path(name)}, "cannot read: %v", diag.Cause(err))
			}
		case name == "mappings", name == "projects", name == "targets":
			found = true
			if _, err := fs.ReadDir(layer.FS, name); err != nil {
				l.errorf(Position{File: layer.Path(name)}, "cannot list: %v", diag.Cause(err))
			}
		case strings.TrimSuffix(name, path.Ext(name)) == "mappings":
			l.lintFile(layer, name)
		}
	}
	if !found {
		l.errorf(Position{File: layer.Name}, noFacts)
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
