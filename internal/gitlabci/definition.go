// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"slices"
	"strings"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// definitions are the content of a pipeline that does not depend on an event.
type definitions struct {
	stages   []string // in order, .pre and .post among them
	globals  settings
	workflow []rule // nil for none
	name     string
	cancels  *bool // see decoder.autoCancel
	jobs     []*definition
}

// A definition is a job without variables expanded and rules evaluated.
type definition struct {
	job       Job // When and AllowFailure are what holds without rules
	rules     []rule
	hasRules  bool
	bare      bool    // it has neither rules, only nor except
	only      *policy // nil for none
	except    *policy
	variables settings
	inherit   inheritance
	matrix    []settings // variables of each instance; nil without parallel
	labels    []string   // name suffix of each instance
	needs     *value
	projects  []*value // whose artifacts it needs
}

// topKeys returns the top-level keys that are not jobs.
func topKeys() []string {
	return []string{"default", "include", "stages", "types", "variables", "workflow", "spec"}
}

func defaultKeys() []string {
	return []string{"after_script", "artifacts", "before_script", "cache", "hooks", "id_tokens", "identity", "image", "interruptible", "retry", "services", "tags", "timeout"}
}

func oldDefaults() []string {
	return []string{"image", "services", "cache", "before_script", "after_script"}
}

// decode converts the merged files to definitions.
func (c *config) decode() *definitions {
	d := &decoder{}
	out := &definitions{stages: d.stages(c.top["stages"])}
	out.globals = d.settings(c.top["variables"].orNil(), "variables", "description", "options").from(FromPipeline)
	nothing := false // workflow: rules is null
	if w := c.top["workflow"].orNil(); w != nil && d.keys(w, "workflow", "rules", "name", "auto_cancel") {
		if rules := w.get("rules"); rules != nil {
			if out.workflow = d.rules(rules, workflowRules()); len(out.workflow) == 0 {
				out.workflow = nil // it is refused; jobs are evaluated as without it
			}
		}
		nothing = hasField(w, "rules") && w.get("rules") == nil
		if out.name = d.text(w.get("name"), "name"); utf8.RuneCountInString(out.name) > maxName {
			d.errorf(w.get("name").pos, "workflow: name is longer than %d characters", maxName)
		}
		out.cancels = d.autoCancel(w.get("auto_cancel"))
	}
	defaults := c.defaults(d)
	d.known, d.flats = map[*value][]rule{}, map[flat][]string{}
	for _, name := range c.order {
		v := c.top[name]
		if strings.HasPrefix(name, ".") && v.isBlank() && len(c.lacks[name]) == 0 {
			c.errorf(c.pos[name], "the template %s is empty", yamldoc.Quote(name))
		}
		if !isJob(name) {
			continue
		}
		d.job = name
		if v.kind != mapping {
			d.errorf(c.pos[name], "expected a mapping, got %s", v.describe())
			continue
		}
		j := &jobDecoder{decoder: d, v: v, defaults: defaults, elsewhere: c.elsewhere()}
		def := j.decode(name, c.pos[name], out.workflow != nil || nothing, len(c.lacks[name]) > 0)
		def.job.Unresolved = slices.Concat(c.lacks[name], def.job.Unresolved)
		out.jobs = append(out.jobs, def)
	}
	c.problems = append(c.problems, d.problems...)
	c.checkDefaults(defaults)
	c.checkContent(out)
	c.checkStages(out)
	c.checkNames(out)
	return out
}

// isBlank reports whether GitLab treats a value as missing.
func (v *value) isBlank() bool {
	return v.kind == null || v.kind == boolean && v.text == "false" || v.kind == text && strings.TrimSpace(v.text) == "" ||
		(v.kind == list || v.kind == mapping) && len(v.items)+len(v.fields) == 0
}

// isJob reports whether a top-level key is a job and not a hidden one.
func isJob(name string) bool {
	return !strings.HasPrefix(name, ".") && !slices.Contains(topKeys(), name) && !slices.Contains(oldDefaults(), name)
}

// checkContent requires at least one job that is not hidden, unless another
// problem may be the reason why there is none.
func (c *config) checkContent(out *definitions) {
	switch {
	case slices.ContainsFunc(c.problems, func(p Problem) bool { return p.Effect == Refused }):
	case len(out.jobs) > 0 || len(c.missing) > 0 || slices.ContainsFunc(c.order, isJob):
	case len(c.order) == 0:
		c.errorf(c.start, "the file is empty")
	default:
		c.errorf(c.start, "there is no job but templates, whose names begin with a dot")
	}
}

// checkStages requires that the stages of jobs exist. An unknown stage is added
// after the known ones.
func (c *config) checkStages(out *definitions) {
	last := len(out.stages) - 1 // .post
	known := slices.Clone(out.stages)
	for _, def := range out.jobs {
		job := &def.job
		if slices.Contains(known, job.Stage) {
			continue
		}
		if s := c.top[job.Base].get("stage"); s != nil {
			c.unknown(job.Base, s.pos, "stage", "there is no stage "+yamldoc.Quote(job.Stage))
		} else {
			c.unknown(job.Base, job.Pos, "stage", `it has no stage, and there is no stage "test"`)
		}
		if !slices.Contains(out.stages, job.Stage) {
			out.stages = slices.Insert(out.stages, last, job.Stage)
			last++
		}
	}
}

// orNil returns nil for null, which GitLab treats like a missing key.
func (v *value) orNil() *value {
	if v == nil || v.kind == null {
		return nil
	}
	return v
}

func (d *decoder) stages(v *value) []string {
	stages := []string{"build", "test", "deploy"}
	if v = v.orNil(); v != nil {
		if v.kind == text {
			d.errorf(v.pos, "stages takes a list of strings, got a string")
		}
		stages = d.nested(v, "stages")
	}
	out := []string{".pre"}
	for _, s := range stages {
		if s != ".pre" && s != ".post" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return append(out, ".post")
}

// checkDefaults validates default as GitLab does, even if all jobs override it.
func (c *config) checkDefaults(defaults *value) {
	d := &decoder{}
	script := field{key: "script", value: &value{kind: text, text: "true"}}
	j := &jobDecoder{decoder: d, v: &value{kind: mapping, fields: append(slices.Clone(defaults.fields), script)}, defaults: &value{kind: mapping}}
	j.decode("default", c.start, true, false)
	for _, p := range d.problems {
		said := slices.ContainsFunc(c.problems, func(other Problem) bool { return other.Pos == p.Pos })
		if p.Effect == Refused && !said {
			c.errorf(p.Pos, "default: %s", p.Message)
		}
	}
}

// defaults returns default, merged with the deprecated top-level keys of the
// same meaning.
func (c *config) defaults(d *decoder) *value {
	out := &value{kind: mapping}
	if v := c.top["default"].orNil(); v != nil && d.keys(v, "default", defaultKeys()...) {
		out.fields = append(out.fields, v.fields...)
	}
	for _, key := range oldDefaults() {
		v := c.top[key].orNil()
		if v == nil {
			continue
		}
		if out.get(key) != nil {
			d.errorf(c.pos[key], "%s stands both at the top and in default", key)
		}
		out.fields = append(out.fields, field{key: key, pos: c.pos[key], value: v})
	}
	return out
}
