// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"errors"
	"sync"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// mostWarnings is the number of warnings of one kind that are shown. Others are
// counted.
const mostWarnings = 10

// Warnings collects warnings. It is safe for concurrent use.
type Warnings struct {
	mu     sync.Mutex
	seen   map[string]bool // by text
	later  []error         // not shown yet
	counts map[string]int  // by kind
	kinds  []string        // that were shown, in their order
}

// Add adds a warning for Check, without duplicates.
func (w *Warnings) Add(f *facts.Problem) { w.AddError(f) }

// AddError is Add for any error.
func (w *Warnings) AddError(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	if !w.seen[err.Error()] {
		w.seen[err.Error()] = true
		w.later = append(w.later, err)
	}
}

// Check prints the warnings added since the last call. If strict is true, it
// returns them as an error instead.
func (w *Warnings) Check(strict bool, infof func(format string, args ...any)) error {
	list := w.take()
	if strict {
		return errors.Join(list...)
	}
	for _, err := range list {
		about, message := "", err.Error()
		if problem, ok := errors.AsType[*facts.Problem](err); ok && problem.Error() == message {
			about, message = problem.Position.String(), problem.Message
		}
		w.Print(infof, about, message)
	}
	return nil
}

func (w *Warnings) take() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	later := w.later
	w.later = nil
	return later
}

// Print prints a warning unless many of its kind were printed. about is a job, a
// target or a position in a file, or "".
func (w *Warnings) Print(infof func(format string, args ...any), about, message string) {
	switch {
	case !w.shows(message):
	case about == "":
		infof("warning: %s", message)
	default:
		infof("warning: %s: %s", about, message)
	}
}

// shows counts a message and reports whether to show it. Messages that differ
// only in quoted text and numbers are of the same kind.
func (w *Warnings) shows(message string) bool {
	kind := kindOf(message)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.counts == nil {
		w.counts = map[string]int{}
	}
	if w.counts[kind]++; w.counts[kind] == 1 {
		w.kinds = append(w.kinds, kind)
	}
	return w.counts[kind] <= mostWarnings
}

// End prints how many warnings of each kind were not printed.
func (w *Warnings) End(infof func(format string, args ...any)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, kind := range w.kinds {
		if more := w.counts[kind] - mostWarnings; more > 0 {
			infof("warning: %d more like this: %s", more, kind)
		}
	}
	w.kinds, w.counts = nil, nil
}

// varying matches what differs between messages of one kind.
var varying = lazyregexp.New(`"(?:[^"\\]|\\.)*"|'[^']*'|[0-9]+`)

// kindOf returns what messages of one kind have in common.
func kindOf(message string) string { return varying.ReplaceAllString(message, "…") }
