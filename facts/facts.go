// SPDX-License-Identifier: GPL-2.0-or-later

// Package facts reads the names of build dependencies on each distribution.
//
// Load takes layers of files, nearest first: a user's data directory, then the
// built-in facts. Selectors are decoded on first use; Lint checks everything.
package facts

import (
	"errors"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A Position is a position in a file of facts.
type Position = diag.Position

// A Problem is an error at a position. Its text is one line.
type Problem = diag.Error

var (
	// ErrNoMapping is wrapped by errors about a mapping that no layer has.
	ErrNoMapping = errors.New("not present in mappings")
	// ErrPattern is wrapped by errors about a project list that matches nothing.
	ErrPattern = errors.New("Invalid project list") //nolint:staticcheck // the text is the one that users of the original match on
)

// A Name is the value of one selector in a mapping.
type Name struct {
	Package string   // the distribution's name; "" when Null
	Null    bool     // nothing to install there, and the search ends here
	Pos     Position // of the selector
}

// Names maps selectors ("deb", "Fedora44", "s390x-default") to package names.
type Names map[string]Name

// Lookup returns the entry of the first selector that is present. ok is false if
// there is none. An entry that is Null ends the search like any other.
func (n Names) Lookup(selectors ...string) (selector string, name Name, ok bool) {
	for _, s := range selectors {
		if name, ok = n[s]; ok {
			return s, name, true
		}
	}
	return "", Name{}, false
}

// A Mapping contains the names of one generic package.
type Mapping struct {
	Name   string
	Native Names // the distribution's own packages, cross policies among them
	PyPI   Names // pip requirements
	CPAN   Names // Perl module names
	Pos    Position
}

// A Reference is a mapping that a project lists.
type Reference struct {
	Mapping string
	Pos     Position
}

// A Project is a list of mappings that are needed to build something.
type Project struct {
	Name     string
	Location string      // file or URL it was read from
	Internal bool        // one of the program's own helpers
	Needs    []Reference // in the order of the file, each mapping once
}

// A MappingsError reports that mappings files cannot be read.
type MappingsError struct {
	Err error // the errors, joined
}

func (e *MappingsError) Error() string { return "Can't load mappings: " + e.Err.Error() }

func (e *MappingsError) Unwrap() error { return e.Err }

func mappingsError(err error) error {
	if err == nil {
		return nil
	}
	return &MappingsError{Err: err}
}

// A ProjectError says why a project cannot be used.
type ProjectError struct {
	Project  string
	Location string // file or URL; "" when there is none
	Err      error
}

func (e *ProjectError) Error() string {
	if e.Location == "" {
		return e.Err.Error()
	}
	return "Can't load packages for '" + yamldoc.OneLine(e.Project) + "' from '" + yamldoc.OneLine(e.Location) + "': " + e.Err.Error()
}

func (e *ProjectError) Unwrap() error { return e.Err }
