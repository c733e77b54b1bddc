// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// errNoJob is wrapped by the error about names that match no job.
var errNoJob = errors.New("no such job")

// A choice says which jobs of a pipeline to wait for.
type choice struct {
	all     bool            // nobody named any
	named   map[string]bool // by name or glob, or needed by one that is
	played  map[string]bool // to be started if they wait for somebody to do so: not those that only a glob means
	missing []string        // names and globs that no job has
}

// choose selects the jobs that match patterns, and those that they need.
func choose(jobs []seenJob, patterns []string, needs map[string][]string) choice {
	c := choice{all: len(patterns) == 0, named: map[string]bool{}, played: map[string]bool{}}
	for _, pattern := range patterns {
		found := false
		for _, j := range jobs {
			matched, exact := matches(pattern, j)
			if !matched {
				continue
			}
			found = true
			if exact || j.status != "manual" {
				spread(j.name, c.played, jobs, needs)
			}
			c.named[j.name] = true
		}
		if !found {
			c.missing = append(c.missing, pattern)
		}
	}
	for name := range c.played {
		c.named[name] = true
	}
	return c
}

// spread adds a job to a set, with its needs and the jobs of its downstream
// pipeline.
func spread(name string, to map[string]bool, jobs []seenJob, needs map[string][]string) {
	for open := []string{name}; len(open) > 0; {
		name := open[len(open)-1]
		open = open[:len(open)-1]
		if to[name] {
			continue
		}
		to[name] = true
		open = append(open, needs[name]...)
		for _, j := range jobs {
			if j.below == name {
				open = append(open, j.name)
			}
		}
	}
}

func (c choice) wants(j seenJob) bool { return c.all || c.named[j.name] }

// check returns an error for names that match no job.
func (c choice) check(jobs []seenJob) error {
	if len(c.missing) == 0 {
		return nil
	}
	var names []string
	for _, j := range jobs {
		names = append(names, j.name)
	}
	slices.Sort(names)
	if more := len(names) - 20; more > 0 {
		names = append(names[:20], fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w in the pipeline: %q; there are %s", errNoJob, strings.Join(c.missing, ", "), strings.Join(names, ", "))
}

// parallelPart matches the suffix that GitLab adds to the names of parallel
// jobs.
var parallelPart = lazyregexp.New(`(?: \d+/\d+|: \[.*\])$`)

// matches reports whether pattern matches a job: by its full name, by its name
// without the parallel suffix, or by its own name in a child pipeline. exact
// reports whether it matches literally.
func matches(pattern string, j seenJob) (matched, exact bool) {
	names := []string{j.name}
	if j.below != "" {
		names = append(names, j.own())
	}
	for _, name := range names {
		names = append(names, parallelPart.ReplaceAllString(name, ""))
	}
	return gitlabci.MatchName(pattern, names...)
}
