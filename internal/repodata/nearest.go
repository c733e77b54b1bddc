// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

const (
	maxNearest = 3
	maxCompare = 64 // bytes; longer names are not compared

	// maxWork limits the comparisons with the names of a hostile index, which has
	// millions: seconds, and twenty times what a distribution's takes.
	maxWork = 1 << 33
	quick   = 8 // work of a comparison that ends at the first look
)

// A nearestSearch finds the known names that are most like the missing ones.
type nearestSearch struct {
	wanted []*wantedName
	work   int // left; none means that no more names are compared
}

// A wantedName collects the best candidates for one missing name.
type wantedName struct {
	name     string
	length   int    // in runes
	letters  uint64 // which letters it has, see letterSet
	provides bool   // a capability, such as perl(Foo): what packages provide is compared too
	found    []candidate
	result   *Result
}

type candidate struct {
	name     string
	distance int
}

func newWanted(name string, r *Result) *wantedName {
	return &wantedName{
		name:     name,
		length:   utf8.RuneCountInString(name),
		letters:  letterSet(name),
		provides: strings.ContainsAny(name, "(/:"),
		result:   r,
	}
}

// consider compares one package with every missing name.
func (s *nearestSearch) consider(r record) {
	letters := letterSet(r.name)
	for _, w := range s.wanted {
		if s.work <= 0 {
			return
		}
		s.work -= w.consider(r.name, letters)
		if !w.provides {
			continue
		}
		for _, p := range r.provides {
			s.work -= w.consider(p, letterSet(p))
		}
	}
}

// consider compares a name, and returns how much work that was.
func (w *wantedName) consider(name string, letters uint64) int {
	if len(name) > maxCompare || len(w.name) > maxCompare {
		return quick
	}
	limit := w.worst()
	// A letter that only one of two names has costs at least one edit, as
	// does a difference in length. Most of an index ends here.
	only := max(bits.OnesCount64(letters&^w.letters), bits.OnesCount64(w.letters&^letters))
	if only > limit || abs(utf8.RuneCountInString(name)-w.length) > limit {
		return quick
	}
	work := quick + len(name)*len(w.name)
	c := candidate{name, levenshtein.ComputeDistance(w.name, name)}
	if c.distance > limit {
		return work
	}
	at, known := slices.BinarySearchFunc(w.found, c, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	if known {
		return work
	}
	w.found = slices.Insert(w.found, at, c)
	if len(w.found) > maxNearest {
		w.found = w.found[:maxNearest]
	}
	return work
}

// worst is the largest distance that is still of interest: a third of the
// name, or that of the last of three candidates.
func (w *wantedName) worst() int {
	if len(w.found) == maxNearest {
		return w.found[maxNearest-1].distance
	}
	return max(2, w.length/3)
}

// finish writes the candidates into the results.
func (s *nearestSearch) finish() {
	for _, w := range s.wanted {
		for _, c := range w.found {
			w.result.Nearest = append(w.result.Nearest, c.name)
		}
	}
}

// letterSet has one bit for each letter of name, some sharing theirs.
func letterSet(name string) uint64 {
	var set uint64
	for _, b := range []byte(name) {
		set |= 1 << (b & 63)
	}
	return set
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
