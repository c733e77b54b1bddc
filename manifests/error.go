// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"errors"
	"fmt"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// An Error is an error at one position of a manifest. Its text is one line,
// without the hint.
type Error struct {
	Position
	Path    string // the keys that lead there: "targets.debian-12.jobs[0].arch"
	Message string
	Hint    string // what may have been meant, "" when nothing comes close

	// known errors have the message of the original lcitool, which scripts match,
	// followed by the position.
	known bool
}

func (f *Error) Error() string {
	at := fmt.Sprintf("%s:%d", Position{File: f.File, Line: max(f.Line, 1)}, max(f.Column, 1))
	if f.Path != "" {
		at += ": " + termtext.Quoted(f.Path)
	}
	if f.known {
		return f.Message + " (" + at + ")"
	}
	return at + ": " + f.Message
}

// A place is a position in a manifest with its key path.
type place struct {
	pos  Position
	path string
}

func (p place) key(name string) string {
	if p.path == "" {
		return name
	}
	return p.path + "." + name
}

func (p place) errorf(format string, args ...any) *Error {
	return &Error{Position: p.pos, Path: p.path, Message: fmt.Sprintf(format, args...)}
}

// known returns an error at the place with a message of the original lcitool.
func (p place) known(format string, args ...any) *Error {
	f := p.errorf(format, args...)
	f.known = true
	return f
}

// wrap adds the key path to errors of reading YAML.
func (p place) wrap(err error) error {
	var all []error
	for _, e := range diag.Parts(err) {
		var f *diag.Error
		if errors.As(e, &f) {
			e = &Error{Position: f.Position, Path: p.path, Message: f.Message}
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

// join joins errors in the order of the file, without duplicates.
func join(errs ...error) error {
	all := diag.Parts(errors.Join(errs...))
	place := func(err error) Position {
		var f *Error
		if errors.As(err, &f) {
			return f.Position
		}
		return Position{Line: 1 << 30} // after all errors with a position
	}
	slices.SortStableFunc(all, func(a, b error) int {
		p, q := place(a), place(b)
		p.File, q.File = "", ""
		return p.Compare(q)
	})
	all = slices.CompactFunc(all, func(a, b error) bool { return a.Error() == b.Error() })
	for i, e := range all {
		if f, ok := e.(*Error); ok { //nolint:errorlint // made here, never wrapped before
			all[i] = diag.WithHint(f, f.Hint)
		}
	}
	return errors.Join(all...)
}
