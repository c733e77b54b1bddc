// SPDX-License-Identifier: GPL-2.0-or-later

// Package diag handles what programs say about places in files: positions,
// lists of errors, advice on what to do.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strconv"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A Position is a place in a file. Line and Column count from 1; a zero Line
// means the file as a whole.
type Position struct {
	File   string
	Line   int
	Column int
}

// String gives "file:line", or the file's name alone for a zero Line. It is
// one line whatever the file is called.
func (p Position) String() string {
	if p.Line == 0 {
		return termtext.Quoted(p.File)
	}
	return termtext.Quoted(p.File) + ":" + strconv.Itoa(p.Line)
}

// Compare orders positions by file, line and column.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// An Error is something wrong at one place of a file. Its text is one line.
type Error struct {
	Position
	Message string
}

// Error gives "file:line: message".
func (e *Error) Error() string {
	return e.Position.String() + ": " + e.Message
}

// Errorf makes an error at p.
func Errorf(p Position, format string, args ...any) *Error {
	return &Error{Position: p, Message: fmt.Sprintf(format, args...)}
}

// Join gathers errors as errors.Join does, with the Errors among them first
// and in the order of file, line and column. Equal ones appear once.
func Join(errs ...error) error {
	var placed []*Error
	var others []error
	for _, err := range Parts(errors.Join(errs...)) {
		if f, ok := err.(*Error); ok { //nolint:errorlint // an error that is wrapped has more to say than itself
			placed = append(placed, f)
			continue
		}
		others = append(others, err)
	}
	slices.SortStableFunc(placed, func(a, b *Error) int { return a.Compare(b.Position) })
	placed = slices.CompactFunc(placed, func(a, b *Error) bool { return *a == *b })
	all := make([]error, 0, len(placed)+len(others))
	for _, f := range placed {
		all = append(all, f)
	}
	return errors.Join(append(all, others...)...)
}

// Parts lists the errors that err joins, in their order. What is wrapped stays
// whole.
func Parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, Parts(e)...)
	}
	return all
}

// Leaves is Parts that also takes apart what is joined inside a wrapping, whose
// own words are lost.
func Leaves(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &joined):
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, Leaves(e)...)
	}
	return all
}

// Cause strips what the standard library puts before an error of the file
// system or of a request: operation, path and address.
func Cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
