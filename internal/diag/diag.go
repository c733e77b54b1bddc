// SPDX-License-Identifier: GPL-2.0-or-later

// Package diag handles messages about positions in files.
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

// A Position is a position in a file. Line and Column count from 1; Line is 0
// for the file as a whole.
type Position struct {
	File   string
	Line   int
	Column int
}

// String returns "file:line", or only the file's name if Line is 0. The result
// is one line for any file name.
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

// An Error is an error at a position. Its text is one line.
type Error struct {
	Position
	Message string
}

// Error returns "file:line: message".
func (e *Error) Error() string {
	return e.Position.String() + ": " + e.Message
}

// Errorf returns an error at p.
func Errorf(p Position, format string, args ...any) *Error {
	return &Error{Position: p, Message: fmt.Sprintf(format, args...)}
}

// Join joins errors like errors.Join, with Errors first, sorted by file, line
// and column. Equal ones appear once.
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

// Parts returns the errors that err joins, in their order. Wrapped errors are
// not split.
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

// Leaves is Parts that also splits joined errors inside a wrapping error, whose
// own text is lost.
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

// Cause removes the operation, path and URL that the standard library adds to
// errors of the file system and of requests.
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
