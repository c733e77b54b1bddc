// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A record is one package of an index. Name and provides are
// printable and hold no tab, so that they can be listed and shown.
type record struct {
	name     string
	arch     string // as the distribution calls it; empty when not said
	provides []string
}

// An index iterates over its packages, any number of times.
type index interface {
	scan(ctx context.Context, each func(record)) error
	packages() int
	close()
}

const maxProviders = 20

// A matcher finds the names asked for in a stream of records.
type matcher struct {
	results []Result
	byName  map[string][]int // into results, by the name that is looked up
}

func newMatcher(names []string, arch string) (*matcher, error) {
	m := &matcher{byName: make(map[string][]int, len(names))}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		key := strings.TrimSuffix(name, ":"+arch)
		if !printable(key) {
			return nil, fmt.Errorf("%q cannot be a package name", name)
		}
		m.byName[key] = append(m.byName[key], len(m.results)) // "foo" may be asked as "foo:arm64" too
		m.results = append(m.results, Result{Name: name, Status: Missing})
	}
	return m, nil
}

func (m *matcher) match(r record) {
	for _, at := range m.byName[r.name] {
		m.results[at].Status = Present
		m.results[at].ProvidedBy = nil
	}
	for _, p := range r.provides {
		for _, at := range m.byName[p] {
			m.results[at].provide(r.name)
		}
	}
}

// provide notes that a package of another name provides the one asked for.
func (r *Result) provide(by string) {
	if r.Status == Present {
		return
	}
	r.Status = Virtual
	at, known := slices.BinarySearch(r.ProvidedBy, by)
	if known {
		return
	}
	r.ProvidedBy = slices.Insert(r.ProvidedBy, at, by)
	if len(r.ProvidedBy) > maxProviders {
		r.ProvidedBy = r.ProvidedBy[:maxProviders]
	}
}

// nearest returns a search for names like those still missing, nil when none is.
func (m *matcher) nearest() *nearestSearch {
	s := &nearestSearch{work: maxWork}
	for key, places := range m.byName {
		for _, at := range places {
			if m.results[at].Status == Missing {
				s.wanted = append(s.wanted, newWanted(key, &m.results[at]))
			}
		}
	}
	if len(s.wanted) == 0 {
		return nil
	}
	return s
}

// maxNameLength is far above what any distribution uses.
const maxNameLength = 1024

// printable reports whether a name from outside can be listed, compared and
// shown on a terminal as it is.
func printable(s string) bool {
	return s != "" && len(s) <= maxNameLength && termtext.Quoted(s) == s
}
