// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A rule is one entry of rules. It matches if all its conditions hold.
type rule struct {
	pos          diag.Position
	condition    *expression // nil for none
	changes      []string    // nil for none
	exists       []string    // nil for none
	when         string      // "" to leave the job's
	startIn      time.Duration
	allowFailure *bool
	variables    settings
	needs        []Need // nil to leave the job's
	unknown      bool   // it cannot be read, or asks for what is not known here
}

// rules decodes the rules of a job, a workflow or an include; when lists what
// "when" may be there.
func (d *decoder) rules(v *value, when ...string) []rule {
	if out, ok := d.known[v]; ok {
		return out
	}
	if v.kind != list {
		d.errorf(v.pos, "rules takes a list, got %s", v.describe())
		return []rule{{pos: v.pos, unknown: true}}
	}
	before := len(d.problems)
	if len(v.items) == 0 {
		d.errorf(v.pos, "rules is empty")
	}
	out := []rule{}
	for _, item := range d.flat(v, "rules") {
		at := len(d.problems)
		r := rule{pos: item.pos}
		if item.kind == mapping {
			r = d.rule(item, when)
		} else {
			d.errorf(item.pos, "a rule takes a mapping, got %s", item.describe())
		}
		r.unknown = slices.ContainsFunc(d.problems[at:], func(p Problem) bool { return p.Effect > Doubtful })
		out = append(out, r)
	}
	if d.known != nil && len(d.problems) == before {
		d.known[v] = out
	}
	return out
}

func (d *decoder) rule(v *value, when []string) rule {
	d.keys(v, "a rule", "if", "changes", "exists", "when", "start_in", "allow_failure", "variables", "needs", "interruptible", "auto_cancel")
	r := rule{pos: v.pos}
	if condition := v.get("if"); condition != nil {
		r.condition = d.condition(condition)
	}
	if changes := v.get("changes"); changes != nil {
		r.changes = d.paths(changes, "changes", "compare_to")
	}
	if exists := v.get("exists"); exists != nil {
		r.exists = d.paths(exists, "exists")
	}
	if w := v.get("when"); w != nil {
		r.when = d.choice(w, "when", when...)
	}
	r.startIn = d.startIn(v, r.when)
	if len(v.fields) == 0 {
		d.errorf(v.pos, "a rule is empty")
	}
	if allow := v.get("allow_failure"); allow != nil {
		truth := d.truth(allow, "allow_failure")
		r.allowFailure = &truth
	}
	r.variables = d.settings(v.get("variables"), "variables")
	if needs := v.get("needs"); needs != nil {
		r.needs = d.needs(needs)
	}
	return r
}

// shortPattern is a pattern that GitLab's scanner does not take for one.
var shortPattern = regexp.MustCompile(`[=!]~\s*/[^/]/`)

// condition decodes the expression of an "if".
func (d *decoder) condition(v *value) *expression {
	if v.kind != text {
		d.errorf(v.pos, "if takes an expression, got %s", v.describe())
		return nil
	}
	e, err := parseExpression(v.text)
	if err != nil {
		d.errorf(v.pos, "if: %s: %v", yamldoc.Quote(v.text), err)
	} else if m := shortPattern.FindString(v.text); m != "" {
		d.problems.add(v.pos, d.job, Doubtful, "if: %s: GitLab does not read the pattern %s, as it has a single character", yamldoc.Quote(v.text), strings.TrimLeft(m, "=!~ "))
	}
	return e
}

// paths decodes a list of patterns, or a mapping with such a list as paths.
// The other keys of the mapping are those that more names.
func (d *decoder) paths(v *value, what string, more ...string) []string {
	if v.kind == mapping {
		if project := v.get("project"); project != nil {
			d.incomplete(project.pos, "%s: files of another project are not known here", what)
			return nil
		}
		d.keys(v, what, append(more, "paths")...)
		if v = v.get("paths"); v == nil {
			return []string{}
		}
	}
	out := d.listed(v, what)
	if len(out) > 50 {
		d.errorf(v.pos, "%s has more than 50 patterns", what)
	}
	return out
}
