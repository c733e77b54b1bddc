// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// Retries returns the jobs to run again in a retry: those that failed, and those
// that did not run because of a failure. A job of a child pipeline is replaced
// by its trigger job, and a repeated job by the original.
func (r *Run) Retries() []string {
	var names []string
	for i := range r.Jobs {
		j := &r.Jobs[i]
		if j.State == outcome.Passed || j.State == outcome.Continued || j.State == outcome.Skipped && j.Line == "" {
			continue
		}
		if name := r.Origin(j); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Origin returns the name of the job in the top-level pipeline that a recorded
// job belongs to.
func (r *Run) Origin(j *Job) string {
	for i := range r.Jobs {
		if starter := r.Jobs[i].Name; j.Of == "" && strings.HasPrefix(j.Name, starter+"/") {
			return starter
		}
	}
	if j.Of != "" {
		return j.Of
	}
	return j.Name
}
