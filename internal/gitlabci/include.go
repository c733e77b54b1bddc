// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// errDependsOnEvent says that an include cannot be followed without an event.
var errDependsOnEvent = errors.New("an include depends on the event")

// A Missing is an include of something that is not in the project's tree.
type Missing struct {
	Kind     string           // remote, template, project, component or artifact
	Location string           // the URL, name or path it gives
	Pos      yamldoc.Position // of the include
}

// String gives the include as a message has it: `remote include "https://…"`.
func (m Missing) String() string { return m.Kind + " include " + yamldoc.Quote(m.Location) }

// An includer puts a file together with what it includes.
type includer struct {
	p        *Pipeline
	scope    *scope // nil without an event
	stack    []string
	count    int
	deferred bool // an include was left out for want of an event
	missing  []Missing
	errs     []error
}

func (in *includer) fault(pos yamldoc.Position, format string, args ...any) {
	in.errs = append(in.errs, yamldoc.Faultf(pos, format, args...))
}

// file gives the content of a file with its includes laid under it, nil if it
// cannot be had.
func (in *includer) file(name string, from *value) *value {
	if at := slices.Index(in.stack, name); at >= 0 {
		in.fault(from.pos, "files include each other in a circle: %s", strings.Join(append(slices.Clone(in.stack[at:]), name), ", "))
		return nil
	}
	if from != nil {
		if in.count++; in.count > in.p.limit {
			if in.count == in.p.limit+1 {
				in.fault(from.pos, "more than %d files are included", in.p.limit)
			}
			return nil
		}
	}
	doc, err := in.p.parse(name)
	if err != nil {
		if from != nil && errors.Is(err, fs.ErrNotExist) {
			err = yamldoc.Faultf(from.pos, "local include %s: there is no such file", yamldoc.Quote(name))
		}
		in.errs = append(in.errs, err)
		return nil
	}
	in.stack = append(in.stack, name)
	defer func() { in.stack = in.stack[:len(in.stack)-1] }()
	include := doc.get("include")
	if include == nil {
		return doc
	}
	result := &value{kind: mapping, pos: doc.pos}
	locations := []*value{include}
	if include.kind == list {
		locations = include.items
	}
	for _, l := range locations {
		for _, v := range in.location(l) {
			result = merged(result, v)
		}
	}
	return merged(result, doc.without("include"))
}

// elsewhere are the kinds of include that are not files of the project.
func elsewhere() []string {
	return []string{"remote", "template", "project", "component", "artifact"}
}

// location gives the contents that one entry of include brings in.
func (in *includer) location(v *value) []*value {
	switch v.kind {
	case text:
		if strings.HasPrefix(v.text, "http://") || strings.HasPrefix(v.text, "https://") {
			in.missing = append(in.missing, Missing{"remote", v.text, v.pos})
			return nil
		}
		return in.local(v)
	case mapping:
	default:
		in.fault(v.pos, "include takes a path or a mapping, got %s", v.describe())
		return nil
	}
	if !in.wanted(v) {
		return nil
	}
	if local := v.get("local"); local != nil {
		if inputs := v.get("inputs"); inputs != nil {
			in.fault(inputs.pos, "include: inputs are not supported")
			return nil
		}
		return in.local(local)
	}
	for _, kind := range elsewhere() {
		if l := v.get(kind); l != nil {
			m := Missing{kind, l.text, v.pos}
			if file := v.get("file"); kind == "project" && file != nil {
				m.Location += ": " + strings.Join(looseTexts(file), ", ")
			}
			in.missing = append(in.missing, m)
			return nil
		}
	}
	in.fault(v.pos, "include names none of local, %s", strings.Join(elsewhere(), ", "))
	return nil
}

// looseTexts gives the texts of a scalar or a list.
func looseTexts(v *value) []string {
	if v.kind != list {
		return []string{v.text}
	}
	var out []string
	for _, item := range v.items {
		out = append(out, item.text)
	}
	return out
}

// wanted evaluates the rules of an include.
func (in *includer) wanted(v *value) bool {
	list := v.get("rules")
	if list == nil {
		return true
	}
	d := &decoder{}
	rules := d.rules(list, "always", "never")
	if len(d.errs) > 0 {
		in.errs = append(in.errs, d.errs...)
		return false
	}
	if in.scope == nil {
		in.deferred = true
		return false
	}
	r := in.scope.match(rules)
	return r != nil && r.when != "never"
}

// local gives the contents of the project's files that a path or glob names,
// sorted by path.
func (in *includer) local(v *value) []*value {
	if v.kind != text {
		in.fault(v.pos, "include: local takes a path, got %s", v.describe())
		return nil
	}
	name := v.text
	if strings.Contains(name, "$") {
		if in.scope == nil {
			in.deferred = true
			return nil
		}
		name = in.scope.vars.existing(name)
	}
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") {
		in.fault(v.pos, "local include %s: expected a file whose name ends in .yml or .yaml", yamldoc.Quote(v.text))
		return nil
	}
	names := []string{name}
	if strings.Contains(name, "*") {
		names = in.p.below(name)
	}
	var out []*value
	for _, n := range names {
		if doc := in.file(n, v); doc != nil {
			out = append(out, doc)
		}
	}
	return out
}

// below gives the files that a pattern of an include matches, sorted. Such a
// pattern has "*", which stands for anything within one part of a path, and
// "**", which stands for anything at all. That is not what both mean in rules.
func (p *Pipeline) below(pattern string) []string {
	expression := regexp.QuoteMeta(pattern)
	expression = strings.ReplaceAll(expression, `\*\*`, ".*")
	expression = strings.ReplaceAll(expression, `\*`, "[^/]*")
	matcher, err := regexp.Compile("^" + expression + "$")
	if err != nil {
		return nil // no UTF-8, and so no file's name
	}
	start := path.Dir(pattern[:strings.Index(pattern, "*")] + "x")
	t := &tree{fsys: p.fsys}
	t.list(start)
	return slices.DeleteFunc(t.listed, func(name string) bool { return !matcher.MatchString(name) })
}
