// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A config is a pipeline after includes, extends and references were resolved.
type config struct {
	order   []string          // keys, in the order of the files
	top     map[string]*value // by key
	pos     map[string]diag.Position
	start   diag.Position // of the main file
	missing []Missing
	values  int // of the files
	// lacks lists, by job, missing parts. A job with missing parts cannot run.
	lacks map[string][]string

	decoded  *definitions
	problems problems
}

func (c *config) errorf(pos diag.Position, format string, args ...any) {
	c.problems.add(pos, "", Refused, format, args...)
}

// compose merges the pipeline's files for an event, or for any event if scope is
// nil. It returns nil if the result depends on the event.
func (p *Pipeline) compose(s *scope) *config {
	in := &includer{p: p, scope: s}
	doc := in.file(p.file, nil, p.mainInputs(s))
	if in.deferred {
		return nil
	}
	c := &config{
		top: make(map[string]*value, len(doc.fields)), pos: map[string]diag.Position{},
		start: diag.Position{File: p.file, Line: 1}, missing: in.missing, values: in.values, lacks: map[string][]string{}, problems: in.problems,
	}
	for _, f := range doc.fields {
		if f.odd != "" {
			c.errorf(f.pos, "job %s: its name is %s for GitLab: put it between quotes", yamldoc.Quote(f.key), f.odd)
		}
		c.order = append(c.order, f.key)
		c.top[f.key] = f.value
		c.pos[f.key] = f.pos
	}
	c.extendAll()
	c.resolveReferences()
	c.decoded = c.decode()
	return c
}

// lack records a missing part of a job, which therefore cannot run.
func (c *config) lack(job string, l lack) {
	if l.refused {
		c.lacks[job] = append(c.lacks[job], l.what)
		c.problems.add(l.pos, job, Refused, "%s", l.what)
		return
	}
	c.lacks[job] = append(c.lacks[job], l.what+c.elsewhere())
	c.unknown(job, l.pos, l.kind, l.what)
}

// unknown reports something that a job refers to and that does not exist. GitLab
// refuses the pipeline, unless an include that is not available here defines it.
func (c *config) unknown(job string, pos diag.Position, kind, what string) {
	effect := Refused
	if len(c.missing) > 0 {
		effect = Incomplete
	}
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, Problem{pos, job, effect, kind, what + c.elsewhere()})
	}
}

// elsewhere names the missing includes as a suffix for messages, or returns "".
func (c *config) elsewhere() string { return mayBeIn(c.missing) }

// maxNamed limits the missing includes that a message names.
const maxNamed = 2

// mayBeIn returns a suffix for messages that names the missing includes, or "".
func mayBeIn(missing []Missing) string {
	switch {
	case len(missing) == 0:
		return ""
	case len(missing) > maxNamed:
		return fmt.Sprintf("; it may be in one of the %d includes that are not available here", len(missing))
	}
	var from []string
	for _, m := range missing {
		from = append(from, m.String())
	}
	return "; it may be in " + strings.Join(from, " or ")
}
