// SPDX-License-Identifier: GPL-2.0-or-later

package joblogs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

// choose returns the jobs of a run that patterns match, all without patterns. The
// name of a job that is repeated matches all its repetitions.
func choose(run *jobrecord.Stored, patterns []string) ([]*jobrecord.Job, error) {
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	var jobs []*jobrecord.Job
	seen := map[string]bool{}
	for _, pattern := range patterns {
		found := false
		for i := range run.Jobs {
			j := &run.Jobs[i]
			if match, _ := gitlabci.MatchName(pattern, j.Name, cmp.Or(j.Of, j.Name)); match {
				found = true
				if !seen[j.Name] {
					seen[j.Name] = true
					jobs = append(jobs, j)
				}
			}
		}
		if !found {
			return nil, diag.WithHint(fmt.Errorf("run %s has no job %q", run.ID, pattern), "its jobs are "+strings.Join(run.Names(), ", "))
		}
	}
	return jobs, nil
}

// grows reports whether a run that goes on may get more jobs that are to be
// shown: repetitions, or those of a child pipeline. A trigger job has no image.
func (s *show) grows() bool {
	exact := func(pattern string) bool { return s.jobs[pattern] != nil }
	if len(s.Jobs) > 0 && !slices.ContainsFunc(s.Jobs, func(pattern string) bool { return !exact(pattern) }) {
		return false
	}
	return len(s.run.Jobs) == 0 || slices.ContainsFunc(s.run.Jobs, func(j jobrecord.Job) bool { return j.Of != "" || j.Image == "" })
}
