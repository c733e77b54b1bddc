// SPDX-License-Identifier: GPL-2.0-or-later

// Package bisect finds the commit, or the package update, that broke something.
package bisect

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// A Verdict is what is known of a commit or of an image.
type Verdict string

// The verdicts.
const (
	Good Verdict = "good"
	Bad  Verdict = "bad"
	Skip Verdict = "skip" // nobody can tell
)

// A Step is one commit that was tried.
type Step struct {
	Commit  string  `json:"commit"`
	Subject string  `json:"subject"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"` // in words
}

// A Repo runs git in a repository.
type Repo interface {
	Git(ctx context.Context, args ...string) (string, error)
}

// A Session is one search for a commit.
type Session struct {
	Log[Step]
	Repo Repo
	Good string // commits
	Bad  string
}

// A Next is how a search goes on.
type Next struct {
	Commit     string   // to try; "" if the search is over
	Left       int      // steps after this one, about
	End        End      // how it ended: FoundThese, Undivided, BadPasses, GoodFails or GoodUnknown
	Candidates []string // the first bad commit, or several that it is among; none if an end of the search is not what it should be
	Last       *Step    // of the commit that BadPasses, GoodFails and GoodUnknown are about
}

// Next says which commit to try. The earliest known bad one bounds the search.
// Good and Bad are tried last, and only if no other commit had that verdict.
func (s *Session) Next(ctx context.Context) (Next, error) {
	bad, good, skipped := s.Bad, false, map[string]bool{}
	not := []string{"^" + s.Good}
	for _, step := range s.Steps {
		switch {
		case step.Commit == s.Good, step.Commit == s.Bad: // see ends
		case step.Verdict == Good:
			good, not = true, append(not, "^"+step.Commit)
		case step.Verdict == Bad:
			bad = step.Commit // each bad one is tried within what was left
		default:
			skipped[step.Commit] = true
		}
	}
	all, err := s.between(ctx, bad, not)
	if err != nil {
		return Next{}, err
	}
	candidates := []string{bad}
	for _, hash := range all { // the best to try come first
		switch {
		case hash == bad:
		case skipped[hash]:
			candidates = append(candidates, hash)
		default:
			return Next{Commit: hash, Left: bits.Len(uint(len(all))) - 2}, nil
		}
	}
	return s.ends(candidates, good), nil
}

// between lists the commits up to bad, without those that not excludes. The best
// to try come first.
func (s *Session) between(ctx context.Context, bad string, not []string) (all []string, err error) {
	out, err := s.Repo.Git(ctx, append([]string{"rev-list", "--bisect-all", bad}, not...)...)
	if err != nil {
		return nil, fmt.Errorf("cannot list the commits between: %w", err)
	}
	for line := range strings.Lines(out) {
		if hash, _, _ := strings.Cut(strings.TrimSpace(line), " "); hash != "" {
			all = append(all, hash)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no commit between the good one and the bad one")
	}
	return all, nil
}

// ends has the ends of the search tried on which its result depends. The first
// of the candidates is a bad commit, or s.Bad; good is whether a commit passed.
func (s *Session) ends(candidates []string, good bool) Next {
	untried := 0
	if !good && s.step(s.Good) == nil {
		untried = 1
	}
	if candidates[0] == s.Bad {
		switch step := s.step(s.Bad); {
		case step == nil:
			return Next{Commit: s.Bad, Left: untried}
		case step.Verdict != Bad:
			return Next{End: BadPasses, Last: step}
		}
	}
	next := Next{End: FoundThese, Candidates: candidates}
	if len(candidates) > 1 {
		next.End = Undivided
	}
	if good {
		return next
	}
	switch step := s.step(s.Good); {
	case step == nil:
		return Next{Commit: s.Good}
	case step.Verdict == Bad:
		return Next{End: GoodFails, Last: step}
	case step.Verdict == Skip:
		next.End, next.Last = GoodUnknown, step
	}
	return next
}

// step returns what was seen at a commit, or nil if it was not tried.
func (s *Session) step(commit string) *Step {
	if i := slices.IndexFunc(s.Steps, func(step Step) bool { return step.Commit == commit }); i >= 0 {
		return &s.Steps[i]
	}
	return nil
}

// Check fails if a search cannot begin: the good commit has to come before the
// bad one.
func (s *Session) Check(ctx context.Context) error {
	if s.Good == s.Bad {
		return errors.New("the good and the bad commit are the same")
	}
	base, err := s.Repo.Git(ctx, "merge-base", s.Good, s.Bad)
	if err != nil || base != s.Good {
		return fmt.Errorf("the good commit %.12s does not come before the bad one %.12s", s.Good, s.Bad)
	}
	return nil
}
