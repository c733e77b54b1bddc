// SPDX-License-Identifier: GPL-2.0-or-later

package bisect

import (
	"context"
	"slices"
	"strings"
)

// A Trial is one image that was tried.
type Trial struct {
	Image   Whole    `json:"image"`   // "" for the good image with Updates
	Updates []string `json:"updates"` // names of the updates that were asked for
	Also    []string `json:"also"`    // further updates that the package manager made, wholly or in part
	Other   []string `json:"other"`   // packages that are as in neither image
	Verdict Verdict  `json:"verdict"`
	Why     string   `json:"why"` // in words
}

// Whole is an image without changes.
type Whole string

// The images between which updates are searched.
const (
	GoodImage Whole = "good"
	BadImage  Whole = "bad"
)

// An UpdateSearch searches for the updates with which something fails. It does
// not assume that a single one is to blame, nor that each can be made alone.
type UpdateSearch struct {
	Log[Trial]
	Updates []string // names, in the order in which they are added
	// Try fills in all but Image and Updates. left is the number of trials
	// after this one, about.
	Try func(ctx context.Context, t *Trial, left int) error

	order   []string // the updates that are searched: the job fails with all of them
	lo, hi  int      // with the culprits, order[:lo] passes or is empty, and order[:hi] fails
	culprit [][]string
	skipped map[string]bool // sets that cannot be judged, by key
	moved   map[string]bool // sets that made others come first, by key
}

// An UpdateResult is what a search showed.
type UpdateResult struct {
	End      End
	Culprits []string // updates that fail together, or candidates if they are not known
	Brought  []string // updates that come with Culprits in the package manager's choice
	Passed   []string // updates with which it passes, and fails once the first of Culprits is added
	Last     *Trial   // that End is about
	Without  *Trial   // all but Culprits; nil if that is nothing
}

// Run searches. Trials that the log has are not repeated.
func (s *UpdateSearch) Run(ctx context.Context) (*UpdateResult, error) {
	good, err := s.try(ctx, &Trial{Image: GoodImage})
	if err != nil || good.Verdict != Good {
		return &UpdateResult{End: GoodFails, Last: good}, err
	}
	bad, err := s.try(ctx, &Trial{Image: BadImage})
	if err != nil || bad.Verdict != Bad {
		return &UpdateResult{End: BadPasses, Last: bad}, err
	}
	if len(s.Updates) == 0 {
		return &UpdateResult{End: AllPass, Last: good}, nil
	}
	if end, err := s.begin(ctx); end != nil || err != nil {
		return end, err
	}
	return s.search(ctx)
}

// begin finds a set of updates with which it fails: all, or what is left when
// some are taken out that cannot be made.
func (s *UpdateSearch) begin(ctx context.Context) (*UpdateResult, error) {
	all, err := s.with(ctx, s.Updates)
	if err != nil {
		return nil, err
	}
	if all.Verdict == Good {
		return &UpdateResult{End: AllPass, Last: all}, nil
	}
	if all.Verdict == Bad && len(all.Other) == 0 {
		s.order = slices.Clone(s.Updates)
		return nil, nil
	}
	for n := 2; n <= 8 && n <= len(s.Updates); n *= 2 {
		for i := range n {
			part := s.Updates[i*len(s.Updates)/n : (i+1)*len(s.Updates)/n]
			for _, set := range [][]string{without(s.Updates, part), part} {
				t, err := s.with(ctx, set)
				if err != nil {
					return nil, err
				}
				if t.Verdict == Bad && len(t.Other) == 0 {
					s.order = slices.Concat(set, t.Also)
					return nil, nil
				}
			}
		}
	}
	return &UpdateResult{End: NoneFails, Last: all, Culprits: s.Updates}, nil
}

// search finds one culprit after the other: the update whose addition makes it
// fail, then whatever that one needs among those added before.
func (s *UpdateSearch) search(ctx context.Context) (*UpdateResult, error) {
	s.skipped, s.moved = map[string]bool{}, map[string]bool{}
	for len(s.order) > 0 {
		s.lo, s.hi = 0, len(s.order)
		if err := s.narrow(ctx); err != nil {
			return nil, err
		}
		passed := slices.Concat(s.found(), s.order[:s.lo])
		s.culprit = append([][]string{s.order[s.lo:s.hi]}, s.culprit...)
		s.order = s.order[:s.lo]
		t, err := s.with(ctx, s.found())
		if err != nil {
			return nil, err
		}
		if t.Verdict == Bad && len(t.Other) == 0 {
			return s.proven(ctx, t, passed)
		}
	}
	return &UpdateResult{End: Unclear, Culprits: s.found()}, nil
}

// narrow moves lo and hi together until there is nothing between them that can
// be judged.
func (s *UpdateSearch) narrow(ctx context.Context) error {
	for {
		k := s.middle()
		if k < 0 {
			return nil
		}
		set := slices.Concat(s.found(), s.order[:k])
		t, err := s.with(ctx, set)
		if err != nil {
			return err
		}
		also := without(t.Also, set)
		switch {
		case t.Verdict == Skip || len(t.Other) > 0:
			s.skipped[key(set)] = true
		case len(also) == 0 && t.Verdict == Good:
			s.lo = k
		case len(also) == 0:
			s.hi = k
		case s.moved[key(set)], len(without(also, s.order[k:s.hi])) > 0:
			s.skipped[key(set)] = true
		default:
			s.moved[key(set)] = true
			s.moveFirst(also, k, t.Verdict)
		}
	}
}

// moveFirst reorders the updates after a trial of order[:k] that also made
// others. They come first from now on, since they can probably be made without
// those that need them.
func (s *UpdateSearch) moveFirst(also []string, k int, verdict Verdict) {
	middle := without(s.order[s.lo:k], also)
	rest := without(s.order[k:], also)
	s.order = slices.Concat(s.order[:s.lo], also, middle, rest)
	if end := s.lo + len(also) + len(middle); verdict == Good {
		s.lo = end
	} else {
		s.hi = end
	}
}

// middle returns the number of updates to try, or -1.
func (s *UpdateSearch) middle() int {
	center := (s.lo + s.hi) / 2
	for distance := range s.hi - s.lo {
		for _, k := range []int{center - distance, center + distance} {
			if k > s.lo && k < s.hi && !s.skipped[key(slices.Concat(s.found(), s.order[:k]))] {
				return k
			}
		}
	}
	return -1
}

func (s *UpdateSearch) found() []string { return slices.Concat(s.culprit...) }

// proven says what was shown about the culprits, with which t fails. passed are
// updates with which it passes.
func (s *UpdateSearch) proven(ctx context.Context, t *Trial, passed []string) (*UpdateResult, error) {
	r := &UpdateResult{End: FoundThese, Culprits: s.found(), Brought: without(t.Also, s.found()), Last: t}
	if s.passedExactly(passed) {
		r.Passed = passed
	}
	for _, group := range s.culprit {
		if len(group) > 1 {
			r.End = Undivided
		}
	}
	if rest := without(s.Updates, r.Culprits); len(rest) > 0 {
		var err error
		if r.Without, err = s.with(ctx, rest); err != nil {
			return nil, err
		}
	}
	if !s.passes(r.Brought) {
		r.End = Undivided
	}
	return r, nil
}

// passes reports whether there was a trial that passed with all these updates.
func (s *UpdateSearch) passes(updates []string) bool {
	return len(updates) == 0 || slices.ContainsFunc(s.Steps, func(t Trial) bool {
		return t.Image == "" && t.Verdict == Good && len(without(updates, t.Updates)) == 0
	})
}

// passedExactly reports whether there was a trial that passed with these updates
// and no others.
func (s *UpdateSearch) passedExactly(updates []string) bool {
	return slices.ContainsFunc(s.Steps, func(t Trial) bool {
		return t.Image == "" && t.Verdict == Good && len(t.Other) == 0 && key(slices.Concat(t.Updates, without(t.Also, t.Updates))) == key(updates)
	})
}

func (s *UpdateSearch) with(ctx context.Context, updates []string) (*Trial, error) {
	return s.try(ctx, &Trial{Updates: slices.Sorted(slices.Values(updates))})
}

// try tries an image, or returns what the log says about it.
func (s *UpdateSearch) try(ctx context.Context, t *Trial) (*Trial, error) {
	for i := range s.Steps {
		if s.Steps[i].same(t) {
			return &s.Steps[i], nil
		}
	}
	t.Also, t.Other = []string{}, []string{}
	left := 2
	for n := s.hi - s.lo; n > 1; n /= 2 {
		left++
	}
	if err := s.Try(ctx, t, left); err != nil {
		return nil, err
	}
	return t, s.Add(*t)
}

func (t *Trial) same(other *Trial) bool {
	return t.Image == other.Image && key(t.Updates) == key(other.Updates)
}

func key(updates []string) string {
	return strings.Join(slices.Sorted(slices.Values(updates)), "\n")
}

// without returns the elements of list that are not in others.
func without(list, others []string) []string {
	if len(others) == 0 {
		return slices.Clone(list)
	}
	other := make(map[string]bool, len(others))
	for _, name := range others {
		other[name] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return other[name] })
}
