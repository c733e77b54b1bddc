// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

// Retries returns the pipeline's jobs to run again: those of a run that match
// patterns, or those that failed if patterns is empty. The name of a repetition
// stands for the job that it repeats.
func Retries(run *jobrecord.Stored, patterns []string) ([]string, error) {
	if len(patterns) == 0 {
		names := run.Retries()
		if len(names) == 0 {
			return nil, fmt.Errorf("nothing to retry: no job of run %s failed", run.ID)
		}
		return names, nil
	}
	var names, known []string
	origins := run.Origins()
	for _, name := range origins {
		known = addOnce(known, name)
	}
	for _, pattern := range patterns {
		found := false
		for i, name := range origins {
			if matchesRun(pattern, &run.Jobs[i], name) {
				found, names = true, addOnce(names, name)
			}
		}
		if !found {
			return nil, diag.WithHint(fmt.Errorf("run %s has no job %q", run.ID, pattern), "its jobs are "+strings.Join(known, ", "))
		}
	}
	return names, nil
}

// matchesRun reports whether a pattern matches a recorded job: the name of its
// origin, or its own if it is a repetition.
func matchesRun(pattern string, j *jobrecord.Job, origin string) bool {
	own := origin
	if j.Of != "" {
		own = j.Name
	}
	match, _ := gitlabci.MatchName(pattern, origin, own)
	return match
}

func addOnce(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}
