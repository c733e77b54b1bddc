// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

import (
	"cmp"
	"errors"
	"fmt"
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

// A Fault is something wrong at one place of a file. Its text is one line.
type Fault struct {
	Position
	Message string
}

// Error gives "file:line: message".
func (f *Fault) Error() string {
	return f.Position.String() + ": " + f.Message
}

// Faultf makes a fault at p.
func Faultf(p Position, format string, args ...any) *Fault {
	return &Fault{Position: p, Message: fmt.Sprintf(format, args...)}
}

// Join gathers errors as errors.Join does, with the faults among them first
// and in the order of file, line and column. Equal faults appear once.
func Join(errs ...error) error {
	var faults []*Fault
	var others []error
	for _, err := range flatten(errs) {
		if f, ok := err.(*Fault); ok { //nolint:errorlint // a fault that is wrapped has more to say than itself
			faults = append(faults, f)
			continue
		}
		others = append(others, err)
	}
	slices.SortStableFunc(faults, func(a, b *Fault) int { return a.Compare(b.Position) })
	faults = slices.CompactFunc(faults, func(a, b *Fault) bool { return *a == *b })
	all := make([]error, 0, len(faults)+len(others))
	for _, f := range faults {
		all = append(all, f)
	}
	return errors.Join(append(all, others...)...)
}

func flatten(errs []error) []error {
	var out []error
	for _, err := range errs {
		switch e := err.(type) { //nolint:errorlint // only what is joined at the top is taken apart
		case nil:
		case interface{ Unwrap() []error }:
			out = append(out, flatten(e.Unwrap())...)
		default:
			out = append(out, err)
		}
	}
	return out
}
