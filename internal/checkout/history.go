// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// maxHistory bounds the commits of a shallow history. Twenty generations of a
// project that merges a lot are a few thousand.
const maxHistory = 200_000

// A history is the part of a commit's history that a clone of a depth has.
type history struct {
	commits  map[string]bool
	boundary []string // commits whose parents are left out, sorted
}

// history walks the parents of a commit, depth generations with the commit
// itself. stop holds commits whose parents the developer's own repository
// lacks. Depth 0 means all, for which only the boundary is known.
func (g git) history(ctx context.Context, commit string, depth int, stop []string) (history, error) {
	h := history{commits: map[string]bool{commit: true}}
	if depth == 0 {
		h.boundary = slices.Sorted(slices.Values(stop))
		return h, nil
	}
	generation := []string{commit}
	for n := 1; len(generation) > 0; n++ {
		parents, err := g.parents(ctx, generation)
		if err != nil {
			return h, err
		}
		var next []string
		for _, c := range generation {
			if slices.Contains(stop, c) || n == depth { // git counts a first commit too
				h.boundary = append(h.boundary, c)
				continue
			}
			for _, p := range parents[c] {
				if !h.commits[p] {
					h.commits[p] = true
					next = append(next, p)
				}
			}
		}
		if len(h.commits) > maxHistory {
			return h, fmt.Errorf("more than %d commits in %d generations", maxHistory, depth)
		}
		generation = next
	}
	slices.Sort(h.boundary)
	return h, nil
}

// parents gives the parents of each commit.
func (g git) parents(ctx context.Context, commits []string) (map[string][]string, error) {
	out, err := g.raw(ctx, []byte(strings.Join(commits, "\n")+"\n"), "rev-list", "--no-walk=unsorted", "--parents", "--stdin")
	if err != nil {
		return nil, fmt.Errorf("cannot read the history: %w", err)
	}
	parents := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if hashes := strings.Fields(line); len(hashes) > 0 {
			parents[hashes[0]] = hashes[1:]
		}
	}
	return parents, nil
}
