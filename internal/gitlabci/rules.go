// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A rule is an entry of rules. It matches if all its conditions are true.
type rule struct {
	pos          diag.Position
	condition    *expression // nil for none
	changes      *paths      // nil for none
	exists       *paths      // nil for none
	when         string      // "" to keep the job's
	startIn      time.Duration
	allowFailure *bool
	variables    settings
	needs        []Need // nil to keep the job's
	cancels      *bool  // see decoder.autoCancel; nil to keep the workflow's
	unknown      bool   // it is invalid, or needs something that is not known here
}

// paths is what changes and exists compare with files: patterns of names, or a
// regular expression.
type paths struct {
	patterns  []string
	regexp    string // "" for none
	compareTo string // what changes compares with, "" for the event
}

// texts returns what is compared with files, nil for a nil p.
func (p *paths) texts() []string {
	switch {
	case p == nil:
		return nil
	case p.regexp != "":
		return []string{"regexp " + p.regexp}
	}
	return p.patterns
}

// A ruleKind says what rules may contain, depending on their place.
type ruleKind struct {
	when, keys []string
	manyPaths  bool // exists may have more than 50
}

func jobRules() ruleKind {
	return ruleKind{
		when: []string{OnSuccess, OnFailure, Always, Never, Manual, Delayed},
		keys: []string{"if", "changes", "exists", "when", "start_in", "allow_failure", "variables", "needs", "interruptible"},
	}
}

func workflowRules() ruleKind {
	return ruleKind{
		when: []string{Always, Never},
		keys: []string{"if", "changes", "exists", "when", "start_in", "allow_failure", "variables", "needs", "auto_cancel"},
	}
}

func includeRules() ruleKind {
	return ruleKind{when: []string{Always, Never}, keys: []string{"if", "changes", "exists", "when"}, manyPaths: true}
}

// rules decodes the rules of a job, workflow or include.
func (d *decoder) rules(v *value, kind ruleKind) []rule {
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
			r = d.rule(item, kind)
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

func (d *decoder) rule(v *value, kind ruleKind) rule {
	d.keys(v, "a rule", kind.keys...)
	r := rule{pos: v.pos}
	if condition := v.get("if"); condition != nil {
		r.condition = d.condition(condition)
	}
	if changes := v.get("changes"); changes != nil {
		r.changes = d.changes(changes)
		d.atMost(changes, "changes", r.changes.texts(), maxPatterns)
	}
	if exists := v.get("exists"); exists != nil {
		if r.exists = d.exists(exists); !kind.manyPaths {
			d.atMost(exists, "exists", r.exists.texts(), maxPatterns)
		}
	}
	if w := v.get("when"); w != nil {
		r.when = d.choice(w, "when", kind.when...)
	}
	r.startIn = d.startIn(v, r.when)
	if len(v.fields) == 0 {
		d.errorf(v.pos, "a rule is empty")
	}
	if allow := v.get("allow_failure"); allow != nil {
		truth := d.truth(allow, "allow_failure")
		r.allowFailure = &truth
	}
	d.truth(v.get("interruptible"), "interruptible")
	r.cancels = d.autoCancel(v.get("auto_cancel"))
	r.variables = d.plain(v.get("variables"), "variables")
	if needs := v.get("needs"); needs != nil {
		r.needs, _ = d.needs(needs)
		d.onlyJobs(needs)
	}
	return r
}

// shortPattern matches a pattern of one character, which GitLab's scanner does
// not accept.
var shortPattern = lazyregexp.New(`[=!]~\s*/[^/]/`)

func (d *decoder) condition(v *value) *expression {
	if v.kind != text {
		d.errorf(v.pos, "if takes an expression, got %s", v.describe())
		return nil
	}
	e, err := parseExpression(v.text)
	if err != nil {
		d.patternError(v.pos, err, "if: %s: %v", yamldoc.Quote(v.text), err)
	} else if m := shortPattern.FindString(v.text); m != "" {
		d.problems.add(v.pos, d.job, Doubtful, "if: %s: GitLab does not read the pattern %s, as it has a single character", yamldoc.Quote(v.text), strings.TrimLeft(m, "=!~ "))
	}
	return e
}

// patternError records a problem with a pattern. GitLab may accept one that is
// only too large here.
func (d *decoder) patternError(pos diag.Position, err error, format string, args ...any) {
	if overLimit(err) {
		d.incomplete(pos, format, args...)
	} else {
		d.errorf(pos, format, args...)
	}
}

// maxPatterns is GitLab's limit on the patterns of a rule.
const maxPatterns = 50

func (d *decoder) changes(v *value) *paths {
	if v.kind != mapping {
		return &paths{patterns: d.listed(v, "changes")}
	}
	d.keys(v, "changes", "paths", "compare_to", "regexp")
	to := d.text(v.get("compare_to"), "changes: compare_to")
	if hasField(v, "paths") && v.get("paths") == nil {
		d.errorf(v.pos, "changes needs paths")
	}
	out := d.pathsOf(v, "changes")
	if out != nil {
		out.compareTo = to
	}
	return out
}

// exists decodes rules:exists. Unlike changes, it may be a single string.
func (d *decoder) exists(v *value) *paths {
	if v.kind != mapping {
		return &paths{patterns: d.texts(v, "exists")}
	}
	d.keys(v, "exists", "paths", "project", "ref", "regexp")
	project, ref := v.get("project"), v.get("ref")
	d.text(ref, "exists: ref")
	if ref != nil && project == nil {
		d.errorf(ref.pos, "exists: ref needs a project")
	}
	out := d.pathsOf(v, "exists")
	if project != nil && d.text(project, "exists: project") != "" {
		d.incomplete(project.pos, "exists: files of another project are not known here")
		return nil
	}
	return out
}

// pathsOf decodes the paths or the regular expression of changes or exists. It
// returns nil for an expression that cannot be matched here.
func (d *decoder) pathsOf(v *value, what string) *paths {
	if hasField(v, "paths") == hasField(v, "regexp") {
		d.errorf(v.pos, "%s needs paths or regexp", what)
	}
	out := &paths{patterns: d.listed(v.get("paths"), what)}
	if re := v.get("regexp"); re != nil {
		if out.regexp = d.text(re, what+": regexp"); !d.rubyRegexp(re.pos, out.regexp, what) {
			return nil
		}
	}
	return out
}

func (d *decoder) atMost(v *value, what string, texts []string, limit int) {
	if len(texts) > limit {
		d.errorf(v.pos, "%s has more than %d entries", what, limit)
	}
}

// autoCancel reports whether a job that fails cancels the pipeline, or returns nil
// if auto_cancel does not say that.
func (d *decoder) autoCancel(v *value) *bool {
	if v == nil || !d.keys(v, "auto_cancel", "on_new_commit", "on_job_failure") {
		return nil
	}
	d.choice(v.get("on_new_commit"), "auto_cancel: on_new_commit", "conservative", "interruptible", "none")
	cancels := d.choice(v.get("on_job_failure"), "auto_cancel: on_job_failure", "none", "all") == "all"
	if !hasField(v, "on_job_failure") {
		return nil
	}
	return &cancels
}
