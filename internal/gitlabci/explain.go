// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// A decision is the input of a job's rules.
type decision struct {
	def   *definition
	scope *scope
}

// A workflowDecision is the input of workflow:rules.
type workflowDecision struct {
	rules []rule
	scope *scope
}

// Results of a rule.
const (
	RuleDecides    = "decides"
	RuleFails      = "does not match"
	RuleNotReached = "not reached"
	RuleUnknown    = "cannot be evaluated"
)

// A RuleTrace is the result of one rule for an event.
type RuleTrace struct {
	Pos       diag.Position
	Outcome   string // one of the constants above
	If        string // the condition, "" for none
	Parts     []Part // of If, where "&&" or "||" join some
	Changes   []string
	Exists    []string
	Changed   bool   // whether Changes matches
	There     bool   // whether Exists matches
	When      string // "" if the rule does not set it
	Variables []TracedVariable
}

type Part struct {
	Text string
	Met  bool
}

// A TracedVariable is a variable that a condition uses.
type TracedVariable struct {
	Name  string
	Value string
	Set   bool
	From  string // one of the From constants, "" if it is not set
}

// A PolicyTrace is the result of one condition of only or except.
type PolicyTrace struct {
	Text string // "only: variables"
	Met  bool
}

// LeavesOut reports whether the condition excludes the job.
func (p PolicyTrace) LeavesOut() bool { return p.Met == strings.HasPrefix(p.Text, "except") }

// Rules traces the rules of a job up to the one that decides. It returns nil for
// a job without rules.
func (j *Job) Rules() []RuleTrace {
	if j.decided == nil || !j.decided.def.hasRules {
		return nil
	}
	return j.decided.scope.trace(j.decided.def.rules)
}

// WorkflowRules traces workflow:rules. It returns nil without them.
func (e *Evaluation) WorkflowRules() []RuleTrace {
	if e.workflow == nil {
		return nil
	}
	return e.workflow.scope.trace(e.workflow.rules)
}

// WithoutRules reports whether a job has neither rules, only nor except, which
// means "only: [branches, tags]".
func (j *Job) WithoutRules() bool { return j.decided != nil && j.decided.def.bare }

// Policies traces only and except of a job. It returns nil without them.
func (j *Job) Policies() []PolicyTrace {
	if j.decided == nil || j.decided.def.hasRules {
		return nil
	}
	var out []PolicyTrace
	for _, p := range []struct {
		name string
		*policy
	}{{"only", j.decided.def.only}, {"except", j.decided.def.except}} {
		if p.policy == nil {
			continue
		}
		met := p.conditions(j.decided.scope)
		for i, what := range p.kinds() {
			out = append(out, PolicyTrace{p.name + ": " + what, met[i]})
		}
	}
	return out
}

// kinds names the conditions of a policy in the order of conditions.
func (p *policy) kinds() []string {
	var out []string
	if p.refs != nil {
		var words []string
		for _, r := range p.refs {
			words = append(words, r.word)
		}
		out = append(out, "refs "+strings.Join(words, ", "))
	}
	if p.variables != nil {
		var all []string
		for _, e := range p.variables {
			all = append(all, e.text)
		}
		out = append(out, "variables "+strings.Join(all, ", "))
	}
	if p.changes != nil {
		out = append(out, "changes "+strings.Join(p.changes, ", "))
	}
	return out
}

func (s *scope) trace(rules []rule) []RuleTrace {
	s = &scope{event: s.event, vars: s.vars, tree: &tree{fsys: s.tree.fsys, listed: s.tree.listed}, patterns: s.patterns, since: s.since} // a copy, so that the trace does not set unknownChanges of the pipeline
	out := make([]RuleTrace, len(rules))
	decided := false
	for i := range rules {
		r := &rules[i]
		t := RuleTrace{Pos: r.pos, When: r.when, Changes: r.changes.texts(), Exists: r.exists.texts()}
		if r.condition != nil {
			t.If = r.condition.text
			t.Parts = s.parts(r.condition)
			t.Variables = s.named(r.condition)
		}
		switch {
		case decided:
			t.Outcome = RuleNotReached
		case s.patterns.spent():
			t.Outcome, decided = RuleUnknown, true
		case r.unknown:
			t.Outcome, decided = RuleUnknown, s.holds(r)
		case s.holds(r):
			t.Outcome, decided = RuleDecides, true
		default:
			t.Outcome = RuleFails
		}
		if t.Outcome != RuleNotReached {
			t.Changed = r.changes == nil || s.changed(r.changes)
			t.There = r.exists == nil || s.exists(r.exists)
		}
		out[i] = t
	}
	return out
}

// parts returns the operands of the outermost operator of a condition.
func (s *scope) parts(e *expression) []Part {
	if e.op != "&&" && e.op != "||" {
		return []Part{{e.text, e.holds(s.vars.lookup, s.patterns)}}
	}
	var out []Part
	for at := e; ; at = at.left {
		if at.op != e.op || at != e && at.enclosed {
			out = append(out, Part{at.text, at.holds(s.vars.lookup, s.patterns)})
			break
		}
		out = append(out, Part{at.right.text, at.right.holds(s.vars.lookup, s.patterns)})
	}
	slices.Reverse(out)
	return out
}

// named returns the variables of a condition, in order of appearance.
func (s *scope) named(e *expression) []TracedVariable {
	var out []TracedVariable
	e.leaves(func(leaf operand) {
		name := leaf.variable
		if name == "" || slices.ContainsFunc(out, func(v TracedVariable) bool { return v.Name == name }) {
			return
		}
		v, ok := s.vars.get(name)
		out = append(out, TracedVariable{name, v.value, ok, v.from})
	})
	return out
}

func (e *expression) leaves(f func(operand)) {
	if e.op == "" {
		f(e.leaf)
		return
	}
	e.left.leaves(f)
	e.right.leaves(f)
}

// Wishes returns values that could change the result of a job's rules. For each
// variable in them that GitLab does not set, these are the texts it is compared
// with, or "1".
func (j *Job) Wishes() map[string][]string {
	if j.decided == nil {
		return nil
	}
	return j.decided.scope.wishes(j.decided.def.rules)
}

// WorkflowWishes is Wishes for workflow:rules.
func (e *Evaluation) WorkflowWishes() map[string][]string {
	if e.workflow == nil {
		return nil
	}
	return e.workflow.scope.wishes(e.workflow.rules)
}

func (s *scope) wishes(rules []rule) map[string][]string {
	out := map[string][]string{}
	for i := range rules {
		if rules[i].condition != nil {
			rules[i].condition.wishes(func(name, value string) {
				if v, _ := s.vars.get(name); v.from != FromGitLab && !strings.HasPrefix(name, "CI_") && !strings.HasPrefix(name, "GITLAB_") && !slices.Contains(out[name], value) && v.value != value {
					out[name] = append(out[name], value)
				}
			})
		}
	}
	return out
}

func (e *expression) wishes(f func(name, value string)) {
	switch {
	case e.op == "" && e.leaf.variable != "":
		f(e.leaf.variable, "1")
	case e.op == "==" || e.op == "!=":
		name, other := e.left.leaf.variable, e.right.leaf
		if name == "" {
			name, other = e.right.leaf.variable, e.left.leaf
		}
		if name == "" || e.left.op != "" || e.right.op != "" {
			return
		}
		if other.text != nil && *other.text != "" {
			f(name, *other.text)
		} else if other.variable == "" {
			f(name, "1")
		}
	case e.op == "&&" || e.op == "||":
		e.left.wishes(f)
		e.right.wishes(f)
	}
}
