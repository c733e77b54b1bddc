// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"gitlab.com/lcitool/lcitool/internal/jobdiff"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

const (
	maxComparisons = 20        // failed jobs that are compared
	maxPackages    = 200       // versions listed per comparison
	maxCandidates  = 50        // passed jobs that a failed one is compared with
	maxLines       = 5_000_000 // of lists that are compared; an image chooses how long its list is
)

// A comparison is the difference between the packages of a failed job's image
// and those of one that passed.
type comparison struct {
	Failed, Passed *jobrecord.Job
	Changed        []jobdiff.PackageChange // the left version is that of the failed job
	More           int                     // that are not listed
	Same           int
}

// compare finds for each failed job the passed job with the most similar image
// of the same packaging format, so that the remaining differences may explain
// the failure.
func compare(r *jobrecord.Run) []comparison {
	var out []comparison
	left := maxLines
	for i := range r.Jobs {
		if j := &r.Jobs[i]; len(out) < maxComparisons && (j.State == outcome.Failed || j.State == outcome.TimedOut) {
			if c := nearest(r, j, &left); c != nil {
				out = append(out, *c)
			}
		}
	}
	return out
}

// nearest compares at most left lines.
func nearest(r *jobrecord.Run, j *jobrecord.Job, left *int) *comparison {
	var best *comparison
	closest, candidates := 0, 0
	for i := range r.Jobs {
		other := &r.Jobs[i]
		if other.State != outcome.Passed || other.Kind != j.Kind || len(other.Packages) == 0 || candidates == maxCandidates {
			continue
		}
		if *left -= len(j.Packages) + len(other.Packages); *left < 0 {
			break
		}
		candidates++
		p := jobdiff.ComparePackages(j.Packages, other.Packages)
		distance := len(p.Changed) + len(p.OnlyLeft) + len(p.OnlyRight)
		if p.Comparable() && (best == nil || distance < closest) {
			closest = distance
			best = &comparison{Failed: j, Passed: other, Changed: p.Changed, Same: p.Same}
		}
	}
	if best != nil && len(best.Changed) > maxPackages {
		best.More = len(best.Changed) - maxPackages
		best.Changed = best.Changed[:maxPackages]
	}
	return best
}
