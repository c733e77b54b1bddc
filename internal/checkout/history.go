// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"fmt"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// maxHistory limits the commits of a shallow history. Depth 20 in a project with
// many merges gives a few thousand.
const maxHistory = 200_000

// A history is the part of a commit's history that a clone with --depth has.
type history struct {
	commits  map[string]bool
	boundary []string // commits whose parents are left out, sorted
}

// history collects the ancestors of a commit up to depth generations, which
// include the commit itself. stop lists commits whose parents are missing in the
// developer's repository. Depth 0 means no limit; then only the boundary is
// computed.
func (g git) history(ctx context.Context, commit string, depth int, stop []string) (history, error) {
	h := history{commits: map[string]bool{commit: true}}
	if depth == 0 {
		h.boundary = slices.Sorted(slices.Values(stop))
		return h, nil
	}
	reader, err := gitcmd.Own{GitDir: g.dir}.Commits(ctx)
	if err != nil {
		return h, fmt.Errorf("cannot read the history: %w", err)
	}
	defer reader.Close()
	generation := []string{commit}
	for n := 1; len(generation) > 0; n++ {
		var next []string
		for _, c := range generation {
			parents, err := reader.Parents(c)
			if err != nil {
				return h, fmt.Errorf("cannot read the history: %w", err)
			}
			if slices.Contains(stop, c) || n == depth { // git lists a root commit as well
				h.boundary = append(h.boundary, c)
				continue
			}
			for _, p := range parents {
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
