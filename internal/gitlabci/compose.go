// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A config is a pipeline with includes, extends and references resolved.
type config struct {
	order   []string          // keys, in the order of the files
	top     map[string]*value // by key
	pos     map[string]yamldoc.Position
	missing []Missing
	// lacks says of a job what it needs that an include from elsewhere may hold.
	lacks map[string][]string

	decoded *definitions // made when it is first asked for
	errs    []error
}

func (c *config) fault(pos yamldoc.Position, format string, args ...any) {
	c.errs = append(c.errs, yamldoc.Faultf(pos, format, args...))
}

// compose puts the pipeline together, for an event or, if scope is nil, for
// any. The error is errDependsOnEvent if that makes a difference.
func (p *Pipeline) compose(s *scope) (*config, error) {
	in := &includer{p: p, scope: s}
	doc := in.file(p.file, nil)
	if err := yamldoc.Join(in.errs...); err != nil {
		return nil, err
	}
	if in.deferred {
		return nil, errDependsOnEvent
	}
	c := &config{
		top: make(map[string]*value, len(doc.fields)), pos: map[string]yamldoc.Position{},
		missing: in.missing, lacks: map[string][]string{},
	}
	for _, f := range doc.fields {
		c.order = append(c.order, f.key)
		c.top[f.key] = f.value
		c.pos[f.key] = f.pos
	}
	c.extendAll()
	c.resolveReferences()
	if err := yamldoc.Join(c.errs...); err != nil {
		return nil, err
	}
	c.decoded = c.decode()
	if err := yamldoc.Join(c.errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// lack notes that a job needs something that is nowhere in the project. That
// is a fault, unless an include from elsewhere may hold it.
func (c *config) lack(job string, pos yamldoc.Position, what string) {
	if len(c.missing) == 0 {
		c.fault(pos, "job %s: %s", yamldoc.Quote(job), what)
		return
	}
	var from []string
	for _, m := range c.missing {
		from = append(from, m.String())
	}
	c.lacks[job] = append(c.lacks[job], what+"; it may be in "+strings.Join(from, " or "))
}
