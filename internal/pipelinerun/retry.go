// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

// Retries returns the pipeline's jobs to run again: those of a run that match
// patterns, or those that failed if patterns is empty.
func Retries(run *jobrecord.Stored, patterns []string) ([]string, error) {
	if len(patterns) == 0 {
		names := run.Retries()
		if len(names) == 0 {
			return nil, fmt.Errorf("nothing to retry: no job of run %s failed", run.ID)
		}
		return names, nil
	}
	var names, known []string
	seen := map[string]bool{}
	for _, name := range run.Origins() {
		if !seen[name] {
			seen[name] = true
			known = append(known, name)
		}
	}
	chosen := map[string]bool{}
	for _, pattern := range patterns {
		before := len(names)
		found := false
		for _, name := range known {
			if match, _ := gitlabci.MatchName(pattern, name, name); match {
				found = true
				if !chosen[name] {
					chosen[name] = true
					names = append(names, name)
				}
			}
		}
		if !found && before == len(names) {
			return nil, diag.WithHint(fmt.Errorf("run %s has no job %q", run.ID, pattern), "its jobs are "+strings.Join(known, ", "))
		}
	}
	return names, nil
}
