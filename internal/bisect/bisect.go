// SPDX-License-Identifier: GPL-2.0-or-later

// Package bisect finds the commit from which on something fails.
package bisect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A Verdict is what is known of a commit.
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

// A Session is one search. Its steps are kept in a file, so that a search that
// was interrupted goes on where it was.
type Session struct {
	Repo Repo
	Good string // commits
	Bad  string
	File string // of the steps

	Steps []Step
}

// maxFile bounds the file of a session, in bytes.
const maxFile = 16 << 20

// Load reads the steps of an interrupted search, if there was one.
func (s *Session) Load() error {
	data, err := safefs.ReadFile(s.File, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, &s.Steps)
	}
	if err != nil {
		return fmt.Errorf("cannot go on with the search: %w", err)
	}
	return nil
}

// Add takes down what became of a commit.
func (s *Session) Add(step Step) error {
	s.Steps = append(s.Steps, step)
	data, err := json.MarshalIndent(s.Steps, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(s.File), 0o700)
	}
	if err == nil {
		err = renameio.WriteFile(s.File, append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("cannot keep the steps of the search: %w", err)
	}
	return nil
}

// Forget removes the file of a search that has ended.
func (s *Session) Forget() error {
	if err := os.Remove(s.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
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
