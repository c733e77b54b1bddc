// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"cmp"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// checkNames checks that jobs refer only to jobs that exist.
func (c *config) checkNames(out *definitions) {
	known := map[string]*definition{}
	for _, def := range out.jobs {
		known[def.job.Base] = def
		for _, label := range def.labels {
			known[def.job.Base+label] = def
		}
	}
	for _, def := range out.jobs {
		def.job.Needs = withoutInstances(def.job.Needs, known)
		for i := range def.rules {
			def.rules[i].needs = withoutInstances(def.rules[i].needs, known)
		}
		c.checkNeeds(def, known, out.stages)
		c.checkDependencies(def, known, out.stages)
		c.checkOnStop(def, known)
		c.checkChildren(def, known, out.stages)
	}
}

// withoutInstances replaces instances of jobs that are not parallel by these jobs:
// GitLab ignores needs:parallel for them.
func withoutInstances(needs []Need, known map[string]*definition) []Need {
	plain := func(n Need) bool { return n.base != "" && known[n.base] != nil && known[n.base].matrix == nil }
	if !slices.ContainsFunc(needs, plain) {
		return needs
	}
	var out []Need
	for _, n := range needs {
		if plain(n) {
			n.Job, n.base = n.base, ""
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// checkNeeds checks the needs of a job and of all its rules. GitLab too checks
// rules that do not match.
func (c *config) checkNeeds(def *definition, known map[string]*definition, stages []string) {
	c.checkNeedsOf(def, def.job.Needs, known, stages)
	for i := range def.rules {
		c.checkNeedsOf(def, def.rules[i].needs, known, stages)
	}
}

func (c *config) checkNeedsOf(def *definition, needs []Need, known map[string]*definition, stages []string) {
	if len(needs) == 0 { // most rules, and there can be hundreds of thousands
		return
	}
	job := &def.job
	seen, inPart := map[string]bool{}, map[string]bool{}
	for _, n := range c.matrixNeeds(def, needs) {
		needed, base := known[n.Job], n.Job
		if needed != nil {
			base = needed.job.Base
		}
		switch {
		case needed == nil && !n.Optional:
			c.unknown(job.Base, n.pos, "needs", "needs "+yamldoc.Quote(n.Job)+", which is not defined")
		case needed == nil && len(c.missing) == 0:
			c.problems.add(n.pos, job.Base, Doubtful, "the optional need %s names no job: it does not wait for anything", yamldoc.Quote(n.Job))
		case needed != nil && isLater(needed, def, stages):
			c.problems.add(n.pos, job.Base, Refused, "needs %s, which is in a later stage", yamldoc.Quote(n.Job))
		case seen[n.Job], seen[base], n.Job == base && inPart[base]:
			c.problems.add(n.pos, job.Base, Refused, "needs %s twice", yamldoc.Quote(n.Job))
		}
		seen[n.Job] = true
		inPart[base] = inPart[base] || n.Job != base
	}
}

func isLater(other, def *definition, stages []string) bool {
	return slices.Index(stages, other.job.Stage) > slices.Index(stages, def.job.Stage)
}

func (c *config) checkDependencies(def *definition, known map[string]*definition, stages []string) {
	job := &def.job
	if len(job.Dependencies) == 0 {
		return
	}
	pos := c.top[job.Base].get("dependencies").pos
	for _, name := range job.Dependencies {
		needed := slices.ContainsFunc(job.Needs, func(n Need) bool {
			return n.pipeline == "" && name == cmp.Or(n.base, n.Job)
		})
		switch other := known[name]; {
		case other == nil:
			c.unknown(job.Base, pos, "dependencies", "depends on "+yamldoc.Quote(name)+", which is not defined")
		case len(job.Needs) > 0 && !needed:
			c.problems.add(pos, job.Base, Refused, "depends on %s, which is not among its needs", yamldoc.Quote(name))
		case isLater(other, def, stages):
			c.problems.add(pos, job.Base, Refused, "depends on %s, which is in a later stage", yamldoc.Quote(name))
		}
	}
}

// checkChildren requires that the jobs that generate files of a child pipeline
// run earlier.
func (c *config) checkChildren(def *definition, known map[string]*definition, stages []string) {
	if def.job.Downstream == nil {
		return
	}
	pos := c.top[def.job.Base].get("trigger").pos
	for _, child := range def.job.Downstream.Include {
		switch maker := known[child.Job]; {
		case child.Job == "" || strings.Contains(child.Job, "$"):
		case maker == nil:
			c.unknown(def.job.Base, pos, "trigger", "trigger: the job "+yamldoc.Quote(child.Job)+" is not defined")
		case isLater(maker, def, stages):
			c.problems.add(pos, def.job.Base, Refused, "trigger: the job %s is in a later stage", yamldoc.Quote(child.Job))
		}
	}
}

// checkOnStop requires that the on_stop job belongs to the same environment and
// stops it.
func (c *config) checkOnStop(def *definition, known map[string]*definition) {
	env := def.job.Environment
	if env == nil || env.OnStop == "" {
		return
	}
	pos := c.top[def.job.Base].get("environment").pos
	stop := known[env.OnStop]
	switch {
	case stop == nil:
		c.unknown(def.job.Base, pos, "on_stop", "on_stop names "+yamldoc.Quote(env.OnStop)+", which is not defined")
	case stop.job.Environment == nil || stop.job.Environment.Name != env.Name:
		c.problems.add(pos, def.job.Base, Refused, "on_stop names %s, which has another environment", yamldoc.Quote(env.OnStop))
	case stop.job.Environment.Action != "stop":
		c.problems.add(pos, def.job.Base, Refused, "on_stop names %s, whose environment does not have the action stop", yamldoc.Quote(env.OnStop))
	}
}
