// SPDX-License-Identifier: GPL-2.0-or-later

package joblogs

import (
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

// Choose returns the names of jobs of a run that patterns match, all without
// patterns.
func Choose(run *jobrecord.Stored, patterns []string, failed bool) ([]string, error) {
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	var names []string
	seen := map[string]bool{}
	for _, pattern := range patterns {
		found := false
		for i := range run.Jobs {
			j := &run.Jobs[i]
			if match, _ := gitlabci.MatchName(pattern, j.Name, j.Name); match {
				found = true
				if (!failed || j.Failed()) && !seen[j.Name] {
					seen[j.Name] = true
					names = append(names, j.Name)
				}
			}
		}
		if !found {
			return nil, diag.WithHint(fmt.Errorf("run %s has no job %q", run.ID, pattern), "its jobs are "+strings.Join(run.Names(), ", "))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no such job of run %s failed", run.ID)
	}
	return names, nil
}
