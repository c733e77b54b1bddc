// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"regexp"
	"sync"

	"gitlab.com/lcitool/lcitool/facts"
)

// mostWarnings is how many warnings of one kind are shown; the others are
// counted.
const mostWarnings = 10

// warnings collects what was warned of. It is safe for use by several
// goroutines.
type warnings struct {
	mu     sync.Mutex
	seen   map[string]bool // by text
	later  []error         // not shown yet
	counts map[string]int  // by kind
	kinds  []string        // that were shown, in their order
}

// add keeps a warning until it is asked for, once.
func (w *warnings) add(err error) {
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

// take gives what was added since.
func (w *warnings) take() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	later := w.later
	w.later = nil
	return later
}

// shows counts one more warning of a kind and reports whether to show it.
func (w *warnings) shows(kind string) bool {
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

// hidden gives for each kind of which too many came a line that says so, once.
func (w *warnings) hidden() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []string
	for _, kind := range w.kinds {
		if more := w.counts[kind] - mostWarnings; more > 0 {
			lines = append(lines, fmt.Sprintf("%d more like this: %s", more, kind))
		}
	}
	w.kinds, w.counts = nil, nil
	return lines
}

// varying matches what differs between messages of one kind.
var varying = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|[0-9]+`)

// kindOf gives what messages of one kind have in common.
func kindOf(message string) string { return varying.ReplaceAllString(message, "…") }

// warnf says that something is not as it should be, about what comes before the
// message: a job, a target or a place in a file, "" for none.
func (a *app) warnf(about, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	switch {
	case !a.warnings.shows(kindOf(message)):
	case about == "":
		a.tell("warning: %s", message)
	default:
		a.tell("warning: %s: %s", about, message)
	}
}

// warn keeps a fault that has no effect for checkWarnings.
func (a *app) warn(f *facts.Fault) { a.warnings.add(f) }

// checkWarnings turns what was warned of into an error with --strict, and
// into lines on stderr without.
func (a *app) checkWarnings() error {
	list := a.warnings.take()
	if a.strict {
		return errors.Join(list...)
	}
	for _, w := range list {
		about, message := "", w.Error()
		var fault *facts.Fault
		if errors.As(w, &fault) && fault.Error() == message {
			about, message = fault.Position.String(), fault.Message
		}
		a.warnf(about, "%s", message)
	}
	return nil
}

// countWarnings says how many warnings were not shown.
func (a *app) countWarnings() {
	for _, line := range a.warnings.hidden() {
		a.tell("warning: %s", line)
	}
}
