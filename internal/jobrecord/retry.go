// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// Retries lists the jobs of a run that a retry runs again: those that did not
// end well, and those that did not run because of that. A job of a child
// pipeline stands for the job that started the pipeline, one of many times that
// a job ran for the job.
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

// Origin is the name of the pipeline's own job that a job of the record comes
// from.
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
