// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// given is what an include passes to a file.
type given struct {
	pos       diag.Position // of the include, or of the file
	inputs    map[string]*value
	component map[string]string // what the file may ask of itself as a component
	scope     *scope            // nil without an event
	deferred  bool              // a value depends on the event and there is none
}

// key identifies a set of input values.
func (g *given) key() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(g.inputs)) {
		b.WriteString(name + "=" + g.inputs[name].json() + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(g.component)) {
		b.WriteString(name + ":" + g.component[name] + "\n")
	}
	return b.String()
}

// mainInputs returns the inputs that the user gave for the main file.
func (p *Pipeline) mainInputs(s *scope) *given {
	g := &given{pos: diag.Position{File: p.file, Line: 1}, inputs: map[string]*value{}, scope: s}
	for name, v := range p.inputs {
		g.inputs[name] = &value{kind: text, text: v, pos: g.pos}
	}
	return g
}

// An inputSpec is the declaration of one input in spec:inputs.
type inputSpec struct {
	name     string
	pos      diag.Position
	kind     string // string, number, boolean or array
	value    *value // the default, null for an empty one; nil for none
	options  []*value
	pattern  string // "" for none
	hasRules bool
	rules    []*value
}

// inputTypes returns the types of inputs, the default first.
func inputTypes() []string { return []string{"string", "number", "boolean", "array"} }

// inputs returns the values of a file's inputs by name. It records a missing or
// invalid value as a problem and leaves it out.
func (s *source) inputs(g *given, d *decoder) map[string]*value {
	out := map[string]*value{}
	specs := s.inputSpecs(g, d)
	names := map[string]bool{}
	for _, spec := range specs {
		names[spec.name] = true
		if v := spec.resolve(g, out, d); v != nil {
			out[spec.name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g.inputs)) {
		if !names[name] {
			d.errorf(g.pos, "the file %s has no input %s", yamldoc.Quote(s.path), yamldoc.Quote(name))
		}
	}
	return out
}

func (s *source) inputSpecs(g *given, d *decoder) []*inputSpec {
	d.keys(s.header, "a header", "spec")
	spec := s.header.get("spec")
	if spec == nil || !d.keys(spec, "spec", "inputs", "component", "include", "description") {
		return nil
	}
	d.text(spec.get("description"), "spec: description")
	fields := s.includedInputs(spec.get("include"), g, d)
	if inputs := spec.get("inputs"); inputs != nil {
		fields = d.moreInputs(fields, d.inputFields(inputs, "spec: inputs"))
	}
	var out []*inputSpec
	for i, f := range fields {
		if !slices.ContainsFunc(fields[i+1:], func(later field) bool { return later.key == f.key }) {
			out = append(out, d.inputSpec(f))
		}
	}
	return out
}

func (d *decoder) inputFields(v *value, what string) []field {
	if v.kind != mapping {
		d.errorf(v.pos, "%s takes a mapping, got %s", what, v.describe())
		return nil
	}
	return v.fields
}

// moreInputs adds the inputs of another file or of the header.
func (d *decoder) moreInputs(all, more []field) []field {
	for _, f := range more {
		if slices.ContainsFunc(all, func(other field) bool { return other.key == f.key }) {
			d.errorf(f.pos, "input %s is declared in an earlier file of spec: include as well", yamldoc.Quote(f.key))
		}
	}
	return append(all, more...)
}

// includedInputs returns the inputs of the files in spec:include.
func (s *source) includedInputs(include *value, g *given, d *decoder) []field {
	if include == nil {
		return nil
	}
	items := []*value{include}
	if include.kind == list {
		items = include.items
	}
	var out []field
	for _, item := range items {
		in := &includer{p: s.p, scope: g.scope}
		names := in.headerFiles(item)
		g.deferred = g.deferred || in.deferred
		for _, name := range names {
			if v := s.p.inputsFile(name, item.pos, d); v != nil {
				out = d.moreInputs(out, d.inputFields(v, "inputs"))
			}
		}
		d.problems = append(d.problems, in.problems...)
		for _, m := range in.missing {
			d.incomplete(m.Pos, "spec: include: %s is not available here: inputs in it are not known%s", m, m.because())
		}
	}
	return out
}

// inputsFile reads a file that contains only inputs.
func (p *Pipeline) inputsFile(name string, from diag.Position, d *decoder) *value {
	data, err := p.readFile(name)
	if err != nil {
		d.errorf(from, "spec: include %s: %s", yamldoc.Quote(name), yamldoc.OneLine(err.Error()))
		return nil
	}
	n, err := yamldoc.Parse(name, data, 0)
	if err != nil {
		d.problems.addError(err)
		return nil
	}
	v := (&reader{left: maxValues}).read(n, 0)
	if v.kind != mapping || !d.keys(v, "a file of inputs", "inputs") || v.get("inputs") == nil {
		d.errorf(v.pos, "the file %s has no inputs", yamldoc.Quote(name))
		return nil
	}
	return v.get("inputs")
}

func (d *decoder) inputSpec(f field) *inputSpec {
	s := &inputSpec{name: f.key, pos: f.pos, kind: "string"}
	v := f.value
	if v.kind == null || !d.keys(v, "input "+yamldoc.Quote(f.key), "default", "description", "options", "regex", "rules", "type") {
		return s
	}
	s.kind = d.choice(v.get("type"), "type of input "+yamldoc.Quote(f.key), inputTypes()...)
	s.pattern = d.text(v.get("regex"), "regex")
	if about := v.get("description"); about != nil && about.kind >= list {
		d.text(about, "description")
	}
	if hasField(v, "default") {
		s.value = &value{pos: v.pos}
		if given := v.get("default"); given != nil {
			s.value = given
		}
	}
	if o := v.get("options"); o != nil {
		s.options = d.inputOptions(o)
	}
	if rules := v.get("rules"); rules != nil {
		s.hasRules, s.rules = true, d.flat(rules, "rules of an input")
	}
	switch {
	case s.pattern != "" && s.kind != "string":
		d.errorf(f.pos, "input %s: regex is for strings only", yamldoc.Quote(f.key))
		s.pattern = ""
	case s.hasRules && (s.options != nil || s.value != nil):
		d.errorf(f.pos, "input %s: rules cannot stand beside options and default", yamldoc.Quote(f.key))
	case s.kind == "boolean" && s.options != nil:
		d.errorf(f.pos, "input %s: options are not for booleans", yamldoc.Quote(f.key))
		s.options = nil
	}
	return s
}

// maxOptions is GitLab's limit on the options of an input.
const maxOptions = 50

func (d *decoder) inputOptions(v *value) []*value {
	if v.kind != list {
		d.errorf(v.pos, "options takes a list, got %s", v.describe())
		return nil
	}
	if len(v.items) > maxOptions {
		d.errorf(v.pos, "options has more than %d values", maxOptions)
	}
	if slices.ContainsFunc(v.items, func(item *value) bool { return item.kind == null }) {
		d.errorf(v.pos, "options contains an empty value")
	}
	return v.items
}

// resolve returns the value of an input, or nil if there is none. others are the
// earlier inputs.
func (s *inputSpec) resolve(g *given, others map[string]*value, d *decoder) *value {
	fallback, options := s.value, s.options
	if s.hasRules {
		fallback, options = s.byRules(g, others, d)
	}
	v := g.inputs[s.name].orNil()
	var byDefault *value
	if fallback != nil && (v == nil || !s.hasRules) { // GitLab validates the default even if it is not used
		byDefault = s.check(fallback, options, d, s.pos, "the default")
	}
	if v != nil {
		return s.check(v, options, d, g.pos, "the value")
	}
	switch {
	case fallback == nil && options == nil && s.optional():
		return &value{kind: text, pos: s.pos}
	case fallback == nil:
		d.errorf(g.pos, "input %s has no value and no default", yamldoc.Quote(s.name))
	}
	return byDefault
}

// check validates a value against the input's declaration. It returns nil if the
// value is invalid.
func (s *inputSpec) check(v *value, options []*value, d *decoder, where diag.Position, what string) *value {
	out := s.typed(v)
	switch {
	case out == nil && s.kind == "string":
		d.incomplete(where, "input %s: the text that GitLab makes of %s %s is not known here", yamldoc.Quote(s.name), what, yamldoc.OneLine(v.json()))
		return nil
	case out == nil:
		d.errorf(where, "input %s: %s %s is not of type %s", yamldoc.Quote(s.name), what, yamldoc.OneLine(v.json()), s.kind)
		return nil
	case options != nil && !s.isOption(out, options):
		d.errorf(where, "input %s: %s %s is not one of the options", yamldoc.Quote(s.name), what, yamldoc.OneLine(out.json()))
	case s.pattern != "":
		pattern, err := compile(s.pattern)
		if err != nil {
			d.patternError(s.pos, err, "input %s: regex: %v", yamldoc.Quote(s.name), err)
		} else if pattern.cost(len(out.text)) > maxInputMatching {
			d.incomplete(s.pos, "input %s: regex: it takes too long to match a value of %d bytes", yamldoc.Quote(s.name), len(out.text))
		} else if !pattern.MatchString(out.text) {
			d.errorf(where, "input %s: %s %s does not match %s", yamldoc.Quote(s.name), what, yamldoc.OneLine(out.json()), yamldoc.Quote(s.pattern))
		}
	}
	return out
}

// typed converts v to the type of the input, or returns nil. As in GitLab, a
// string may contain another type as JSON.
func (s *inputSpec) typed(v *value) *value {
	if s.kind == "string" {
		written, ok := v.text, v.kind < list
		if v.kind == list {
			written, ok = inRuby(v.items)
		}
		if !ok {
			return nil
		}
		return &value{kind: text, text: written, pos: v.pos}
	}
	if v.kind == text {
		if !json.Valid([]byte(v.text)) {
			return nil
		}
		decoder := json.NewDecoder(strings.NewReader(v.text))
		decoder.UseNumber()
		var parsed any
		if err := decoder.Decode(&parsed); err != nil {
			return nil
		}
		v = fromJSON(parsed)
	}
	if want := map[string]kind{"number": number, "boolean": boolean, "array": list}[s.kind]; v.kind != want {
		return nil
	}
	return v
}

// plainText matches strings in which Ruby escapes nothing.
var plainText = lazyregexp.New(`^[ !$-\[\]-~]*$`)

// inRuby returns a list of plain values as Ruby writes it, which is what GitLab
// makes of a list that is given to a string.
func inRuby(items []*value) (string, bool) {
	out := make([]string, len(items))
	for i, item := range items {
		switch out[i] = item.text; {
		case item.kind == null:
			out[i] = "nil"
		case item.kind == text && plainText.MatchString(item.text):
			out[i] = `"` + item.text + `"`
		case item.kind != number && item.kind != boolean:
			return "", false
		}
	}
	return "[" + strings.Join(out, ", ") + "]", true
}

// isOption reports whether a value, or each item of a list, is one of options.
// Strings are compared by text, others by type as well.
func (s *inputSpec) isOption(v *value, options []*value) bool {
	same := func(v *value) bool {
		return slices.ContainsFunc(options, func(o *value) bool {
			return o.text == v.text && o.kind < list && v.kind < list && (s.kind == "string" || o.kind == v.kind)
		})
	}
	if v.kind != list {
		return same(v)
	}
	return !slices.ContainsFunc(v.items, func(item *value) bool { return !same(item) })
}

// byRules returns the default and the options of the first matching rule.
func (s *inputSpec) byRules(g *given, others map[string]*value, d *decoder) (fallback *value, options []*value) {
	var matching *value
	for _, r := range s.rules {
		if !s.checkRule(r, d) || matching != nil {
			continue
		}
		if condition := r.get("if"); condition == nil || inputCondition(condition, g, others, d) {
			matching = r
		}
	}
	if matching == nil {
		return nil, nil
	}
	if hasField(matching, "default") {
		if fallback = matching.get("default"); fallback == nil {
			fallback = &value{pos: matching.pos}
		}
	}
	if o := matching.get("options"); o != nil {
		options = d.inputOptions(o)
	}
	return fallback, options
}

// optional reports whether GitLab leaves a string empty that no rule gives a value:
// another rule could.
func (s *inputSpec) optional() bool {
	return s.kind == "string" && slices.ContainsFunc(s.rules, func(r *value) bool {
		return r.kind == mapping && (hasField(r, "default") || r.get("if") == nil)
	})
}

// checkRule reports whether a rule of an input can match.
func (s *inputSpec) checkRule(r *value, d *decoder) bool {
	if !d.keys(r, "a rule of an input", "if", "options", "default") {
		return false
	}
	switch condition := r.get("if"); {
	case condition == nil && r.get("options") == nil:
		d.errorf(r.pos, "a rule of an input without if needs options")
	case condition != nil && r.get("options") == nil && !hasField(r, "default"):
		d.errorf(r.pos, "a rule of an input needs options or default")
		return false
	}
	return true
}

var inputLexeme = lazyregexp.New(`\$\[\[\s*inputs\.([\w-]+)\s*\]\]`)

// inputCondition evaluates the condition of a rule. It sees the earlier inputs, and
// those later ones that were given.
func inputCondition(v *value, g *given, others map[string]*value, d *decoder) bool {
	source := inputLexeme.ReplaceAllStringFunc(v.text, func(ref string) string {
		name := inputLexeme.FindStringSubmatch(ref)[1]
		in := others[name]
		if in == nil {
			in = g.inputs[name]
		}
		switch {
		case in == nil || in.kind == null:
			return "null"
		case in.kind == boolean:
			return in.text
		case strings.Contains(in.text, `"`):
			return "'" + in.text + "'"
		}
		return `"` + in.text + `"`
	})
	e, err := parseExpression(source)
	if err != nil {
		d.errorf(v.pos, "if: %s: %v", yamldoc.Quote(v.text), err)
		return false
	}
	return e.holds(layers{}.lookup, &budget{left: maxInputMatching})
}
