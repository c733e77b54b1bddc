// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"fmt"
	"sync"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// mostWarnings is how many warnings of one kind are shown; the others are
// counted.
const mostWarnings = 10

// Warnings collects what was warned of. It is safe for use by several
// goroutines.
type Warnings struct {
	mu     sync.Mutex
	seen   map[string]bool // by text
	later  []error         // not shown yet
	counts map[string]int  // by kind
	kinds  []string        // that were shown, in their order
}

// Add keeps a warning until it is taken, once.
func (w *Warnings) Add(f *facts.Problem) { w.AddError(f) }

// AddError is Add for a warning of any kind.
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

// Take gives what was added since.
func (w *Warnings) Take() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	later := w.later
	w.later = nil
	return later
}

// Shows counts one more message like this one, and reports whether to show it.
// Messages are alike that differ only in quoted text and numbers.
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

// Hidden gives, once, a line for each kind that had too many warnings.
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

// kindOf gives what messages of one kind have in common.
func kindOf(message string) string { return varying.ReplaceAllString(message, "…") }
