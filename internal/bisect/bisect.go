// SPDX-License-Identifier: GPL-2.0-or-later

// Package bisect finds the commit, or the package update, that broke something.
package bisect

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
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
	Candidates []string // when it is over: the first bad commit, or several that it is among
}

// Next says which commit to try. The earliest known bad one bounds the search.
func (s *Session) Next(ctx context.Context) (Next, error) {
	bad, skipped := s.Bad, map[string]bool{}
	not := []string{"^" + s.Good}
	for _, step := range s.Steps {
		switch step.Verdict {
		case Good:
			not = append(not, "^"+step.Commit)
		case Bad:
			bad = step.Commit // each bad one is tried within what was left
		case Skip:
			skipped[step.Commit] = true
		}
	}
	out, err := s.Repo.Git(ctx, append([]string{"rev-list", "--bisect-all", bad}, not...)...)
	if err != nil {
		return Next{}, fmt.Errorf("cannot list the commits between: %w", err)
	}
	var all []string
	for line := range strings.Lines(out) {
		if hash, _, _ := strings.Cut(strings.TrimSpace(line), " "); hash != "" {
			all = append(all, hash)
		}
	}
	if len(all) == 0 {
		return Next{}, errors.New("there is no commit between the good one and the bad one")
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
	return Next{Candidates: candidates}, nil
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
