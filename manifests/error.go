// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"errors"
	"fmt"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// An Error is something wrong at one place of a manifest. Its text is one
// line, without advice.
type Error struct {
	Position
	Path    string // the keys that lead there: "targets.debian-12.jobs[0].arch"
	Message string
	Hint    string // what may have been meant, "" when nothing comes close

	// known errors are those of the original, whose message users' scripts
	// match on: it comes first, the place behind it.
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

// A place is where in a manifest something stands.
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

// errorf says in our words what is wrong at a place.
func (p place) errorf(format string, args ...any) *Error {
	return &Error{Position: p.pos, Path: p.path, Message: fmt.Sprintf(format, args...)}
}

// known says in the original's words what is wrong at a place.
func (p place) known(format string, args ...any) *Error {
	f := p.errorf(format, args...)
	f.known = true
	return f
}

// wrap gives what reading YAML complains of its key path.
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

// join gathers errors in the order of the file, each once, those of one place with their
// advice.
func join(errs ...error) error {
	all := diag.Parts(errors.Join(errs...))
	place := func(err error) Position {
		var f *Error
		if errors.As(err, &f) {
			return f.Position
		}
		return Position{Line: 1 << 30} // behind all that has a place
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
