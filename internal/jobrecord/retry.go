// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"math"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// Retries returns the jobs to run again in a retry: those that failed, and those
// that did not run because of a failure. A job of a child pipeline is replaced
// by its trigger job, and a repeated job by the original.
func (r *Run) Retries() []string {
	var names []string
	seen := map[string]bool{}
	for i, name := range r.Origins() {
		j := &r.Jobs[i]
		if j.State == outcome.Passed || j.State == outcome.Continued || j.State == outcome.Skipped && j.Line == "" || seen[name] {
			continue
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}

// Origins returns for each job the name of the job in the top-level pipeline that
// it belongs to. A job with an image is no trigger, so that "test/unit" does not
// belong to "test".
func (r *Run) Origins() []string {
	first := make(map[string]int, len(r.Jobs)) // index of the first job with a name that may be a trigger
	lengths := map[int]bool{}                  // of names
	for i := range r.Jobs {
		name := r.Jobs[i].Name
		if _, ok := first[name]; !ok && r.Jobs[i].Image == "" {
			first[name], lengths[len(name)] = i, true
		}
	}
	origins := make([]string, len(r.Jobs))
	for i := range r.Jobs {
		origins[i] = r.Jobs[i].origin(first, lengths)
	}
	return origins
}

// origin returns the name of the first job that is a trigger of j, directly or
// not, or else the job's own name or that of the job that it repeats.
func (j *Job) origin(first map[string]int, lengths map[int]bool) string {
	if j.Of != "" {
		return j.Of
	}
	origin, least := j.Name, math.MaxInt
	for end := range len(j.Name) {
		if j.Name[end] != '/' || !lengths[end] { // few lookups even in a name of many slashes
			continue
		}
		if at, ok := first[j.Name[:end]]; ok && at < least {
			origin, least = j.Name[:end], at
		}
	}
	return origin
}
