// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A policy is the value of only or except.
type policy struct {
	refs      []ref         // one of them must match; nil for no such condition
	variables []*expression // as refs
	changes   []string      // as refs
	unknown   bool          // there is a condition that cannot be answered here
}

// A ref is an entry of only:refs.
type ref struct {
	word    string   // "branches", "web" or a name
	pattern *pattern // for a name
	path    string   // of the project it must be, "" for any
}

// policy decodes only or except. Without refs, only applies to branches and
// tags, as does a job without only.
func (j *jobDecoder) policy(v *value, only bool) *policy {
	p, known := &policy{}, true
	switch {
	case v == nil:
	case v.kind == mapping:
		j.keys(v, "only and except", "refs", "variables", "changes", "kubernetes")
		if k := v.get("kubernetes"); k != nil {
			j.choice(k, "only and except: kubernetes", "", "active")
			j.incomplete(k.pos, "only and except: whether the project has a Kubernetes cluster is not known here")
			p.unknown = true
		}
		p.refs, known = j.refs(v.get("refs"))
		if len(v.fields) == 0 {
			j.errorf(v.pos, "only and except: the mapping is empty")
		}
		if expressions := v.get("variables"); expressions != nil {
			for _, item := range j.flatWithin(expressions, "variables", 1) {
				if e := j.condition(item); e != nil {
					p.variables = append(p.variables, e)
				} else {
					p.unknown = true
				}
			}
		}
		p.changes = j.listed(v.get("changes"), "changes")
	default:
		p.refs, known = j.refs(v)
	}
	if only && p.refs == nil {
		p.refs = []ref{{word: "branches"}, {word: "tags"}}
	}
	if !known {
		p.refs, p.unknown = nil, true
	}
	return p
}

// refs decodes refs. known is false if a pattern cannot be matched here.
func (j *jobDecoder) refs(v *value) (out []ref, known bool) {
	known = true
	if v != nil {
		out = []ref{} // an empty list matches nothing
	}
	for _, s := range j.listed(v, "refs") {
		r := ref{}
		s, r.path, _ = strings.Cut(s, "@") // as GitLab, even inside a pattern
		var err error
		if r.word = s; patternText.MatchString(s) {
			if r.pattern, err = compilePattern(s); err != nil {
				j.patternError(v.pos, err, "refs: pattern %s: %v", yamldoc.OneLine(s), err)
			}
		}
		known = known && !overLimit(err)
		out = append(out, r)
	}
	return out, known
}

// conditions returns the result of each kind of condition in the policy.
func (p *policy) conditions(s *scope) []bool {
	var out []bool
	if p.refs != nil {
		met := false
		for _, r := range p.refs {
			met = met || r.matches(s.event, s.patterns)
		}
		out = append(out, met)
	}
	if p.variables != nil {
		met := false
		for _, e := range p.variables {
			met = met || e.holds(s.vars.lookup, s.patterns)
		}
		out = append(out, met)
	}
	if p.changes != nil {
		out = append(out, s.changed(&paths{patterns: p.changes}))
	}
	return out
}

// matches reports whether a ref matches the event. Names and patterns match only
// branches and tags.
func (r ref) matches(e *Event, b *budget) bool {
	if r.path != "" && r.path != e.projectPath() {
		return false
	}
	source := strings.TrimSuffix(e.source(), "_event")
	isBranch := e.Source != MergeRequest && e.Tag == ""
	switch {
	case r.word == "branches" && isBranch, r.word == "tags" && e.Tag != "":
		return true
	case r.word == source, r.word == plural(source):
		return true
	case e.Source == MergeRequest:
		return false
	}
	name := e.Branch
	if e.Tag != "" {
		name = e.Tag
	}
	if r.pattern != nil {
		return b.take(r.pattern, len(name)) && r.pattern.MatchString(name)
	}
	return r.word == name
}

func plural(source string) string {
	switch {
	case strings.HasSuffix(source, "sh"):
		return source + "es"
	}
	return source + "s"
}
