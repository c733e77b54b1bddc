// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"fmt"
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

// Add adds a warning, without duplicates.
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

// Take returns the warnings added since the last call.
func (w *Warnings) Take() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	later := w.later
	w.later = nil
	return later
}

// Shows counts a message and reports whether to show it. Messages that differ
// only in quoted text and numbers are of the same kind.
func (w *Warnings) Shows(message string) bool {
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

// Hidden returns a line for each kind with too many warnings. Further calls
// return nothing.
func (w *Warnings) Hidden() []string {
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
var varying = lazyregexp.New(`"(?:[^"\\]|\\.)*"|'[^']*'|[0-9]+`)

// kindOf returns what messages of one kind have in common.
func kindOf(message string) string { return varying.ReplaceAllString(message, "…") }
