// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A Missing is an include that is not available.
type Missing struct {
	Kind     string        // remote, template, project, component, artifact or local
	Location string        // the URL, name or path it gives
	Pos      diag.Position // of the include
	Why      string        // error when it was fetched, "" if it was not
}

// String returns the include as in messages: `remote include "https://…"`.
func (m Missing) String() string { return m.Kind + " include " + yamldoc.Quote(m.Location) }

// An includer merges a file with its includes.
type includer struct {
	p        *Pipeline
	scope    *scope // nil without an event
	stack    []string
	count    int
	values   int    // of all files
	size     int    // in bytes, of the text of all included files
	at       *place // origin of the current file, nil for the tree
	deferred bool   // an include was skipped, because it requires an event
	missing  []Missing
	problems problems
}

func (in *includer) errorf(pos diag.Position, format string, args ...any) {
	in.problems.add(pos, "", Refused, format, args...)
}

// broken records a local include that GitLab refuses. Its jobs and settings are
// unknown.
func (in *includer) broken(v *value, format string, args ...any) {
	in.errorf(v.pos, format, args...)
	in.missing = append(in.missing, Missing{Kind: "local", Location: v.text, Pos: v.pos})
}

// file returns the content of a file merged over its includes, or nil if it is
// not available.
func (in *includer) file(name string, from *value, g *given) *value {
	if at := slices.Index(in.stack, name); at >= 0 {
		in.broken(from, "files include each other in a circle: %s", strings.Join(append(slices.Clone(in.stack[at:]), name), ", "))
		return nil
	}
	if from != nil {
		if in.count++; in.count > in.p.limit {
			if in.count == in.p.limit+1 {
				in.broken(from, "more than %d files are included", in.p.limit)
			}
			return nil
		}
	}
	if _, fetched := in.p.elsewhere[name]; from != nil && !fetched && linked(in.p.fsys, name) {
		in.broken(from, "local include %s: GitLab does not follow symbolic links", yamldoc.Quote(name))
		return nil
	}
	if in.values > maxIncluded || in.size > maxIncludedSize {
		return nil
	}
	left := math.MaxInt
	if from != nil {
		left = maxIncludedSize - in.size
	}
	f, err := in.p.parse(name, g, left)
	in.deferred = in.deferred || g.deferred
	if err != nil {
		in.unreadable(name, from, err)
		return nil
	}
	if from != nil {
		in.size += f.size
	}
	if f.size > left {
		in.broken(from, "the included files have more than %d bytes together", maxIncludedSize)
		return nil
	}
	if in.values += f.values; in.values > maxIncluded {
		if in.values-f.values <= maxIncluded {
			in.broken(from, "the included files have more than %d values together", maxIncluded)
		}
		return nil
	}
	in.problems = append(in.problems, f.problems...)
	doc := f.doc
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

func (in *includer) unreadable(name string, from *value, err error) {
	var f *diag.Error
	switch {
	case errors.Is(err, fs.ErrNotExist):
		in.errorf(from.pos, "local include %s: there is no such file", yamldoc.Quote(name))
	case errors.As(err, &f):
		in.problems.addError(err)
	default:
		in.errorf(from.pos, "local include %s: %s", yamldoc.Quote(name), yamldoc.OneLine(err.Error()))
	}
	in.missing = append(in.missing, Missing{Kind: "local", Location: name, Pos: from.pos})
}

// elsewhere returns the kinds of includes that are not local.
func elsewhere() []string {
	return []string{"remote", "template", "project", "component", "artifact"}
}

// location returns the contents that one entry of include adds.
func (in *includer) location(v *value) []*value {
	switch v.kind {
	case text:
		g := &given{pos: v.pos, scope: in.scope}
		if isURL(v.text) || in.scope != nil && isURL(in.scope.vars.existing(v.text)) {
			return in.remote(v, nil, g)
		}
		return in.local(v, g)
	case mapping:
	default:
		in.errorf(v.pos, "include takes a path or a mapping, got %s", v.describe())
		return nil
	}
	if !in.wanted(v) || !in.isOneInclude(v) {
		return nil
	}
	g := in.given(v)
	if local := v.get("local"); local != nil {
		return in.local(local, g)
	}
	if component := v.get("component"); component != nil {
		return in.component(component, g)
	}
	if remote := v.get("remote"); remote != nil {
		return in.remote(remote, v.get("integrity"), g)
	}
	if v.get("project") != nil {
		return in.project(v, g)
	}
	if template := v.get("template"); template != nil {
		return in.template(template, g)
	}
	for _, kind := range elsewhere() {
		if l := v.get(kind); l != nil {
			in.missing = append(in.missing, Missing{Kind: kind, Location: l.text, Pos: v.pos})
			return nil
		}
	}
	in.errorf(v.pos, "include names none of local, %s", strings.Join(elsewhere(), ", "))
	return nil
}

func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// isOneInclude checks the keys of an include entry. GitLab refuses an entry with
// several kinds.
func (in *includer) isOneInclude(v *value) bool {
	var named []string
	for _, f := range v.fields {
		switch {
		case f.value.kind == null:
		case f.key == "local" || slices.Contains(elsewhere(), f.key):
			named = append(named, f.key)
		case len(v.fields) > 1 && !slices.Contains([]string{"file", "ref", "inputs", "job", "rules", "integrity", "cache"}, f.key):
			in.errorf(f.pos, "include has the unknown key %s", yamldoc.Quote(f.key))
		}
	}
	if len(named) > 1 {
		in.errorf(v.pos, "include names more than one of %s", strings.Join(named, ", "))
		in.missing = append(in.missing, in.named(v))
		return false
	}
	if i := v.get("integrity"); i != nil && v.get("remote") == nil {
		in.errorf(i.pos, "include: integrity is for remote files only")
	}
	if c := v.get("cache"); c != nil && !c.isBlank() {
		in.checkCache(c, v.get("remote"))
	}
	return true
}

// checkCache checks how long GitLab keeps a remote file.
func (in *includer) checkCache(v, remote *value) {
	if remote == nil {
		in.errorf(v.pos, "include: cache is for remote files only")
		return
	}
	if v.kind == boolean {
		return
	}
	d := &decoder{}
	if length := d.duration(v, "include: cache"); len(d.problems) == 0 && length < time.Minute {
		d.errorf(v.pos, "include: cache is shorter than a minute")
	}
	in.problems = append(in.problems, d.problems...)
}

// isYAML reports whether GitLab accepts a name as that of a pipeline file.
func isYAML(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return (ext == ".yml" || ext == ".yaml") && len(path.Base(name)) > len(ext)
}

func (in *includer) given(v *value) *given {
	g := &given{pos: v.pos, scope: in.scope, inputs: map[string]*value{}}
	inputs := v.get("inputs")
	switch {
	case inputs == nil:
	case inputs.kind != mapping:
		in.errorf(inputs.pos, "include: inputs takes a mapping, got %s", inputs.describe())
	default:
		g.pos = inputs.pos
		for _, f := range inputs.fields {
			g.inputs[f.key] = f.value
		}
	}
	return g
}

// looseTexts returns the text of a scalar or of the items of a list.
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

func (in *includer) wanted(v *value) bool {
	list := v.get("rules")
	if list == nil {
		return true
	}
	d := &decoder{}
	rules := d.rules(list, includeRules())
	if in.scope == nil {
		in.deferred = true
		return false
	}
	in.problems = append(in.problems, d.problems...)
	s := in.scopeOfRules()
	r := s.match(rules)
	in.scope.tree.unknownChanges = in.scope.tree.unknownChanges || s.tree.unknownChanges
	if err := s.tree.err; err != nil {
		in.absent(in.named(v), err)
		return false
	}
	if s.patterns.spent() || r != nil && r.unknown {
		in.missing = append(in.missing, in.named(v))
		return false
	}
	return r != nil && r.when != "never"
}

func (in *includer) named(v *value) Missing {
	for _, kind := range append(elsewhere(), "local") {
		if l := v.get(kind); l != nil {
			return Missing{Kind: kind, Location: l.text, Pos: v.pos}
		}
	}
	return Missing{Kind: "unknown", Pos: v.pos}
}

// local returns the contents of the project's files that a path or pattern
// matches, sorted by path.
func (in *includer) local(v *value, g *given) []*value {
	if v.kind != text {
		in.errorf(v.pos, "include: local takes a path, got %s", v.describe())
		return nil
	}
	name := v.text
	if strings.Contains(name, "$") {
		if in.scope == nil {
			in.deferred = true
			return nil
		}
		name = in.scope.vars.orBlank(name)
	}
	if in.at != nil {
		return in.localElsewhere(v, strings.TrimLeft(name, "/"), g)
	}
	written := strings.TrimLeft(name, "/")
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name != written && (&tree{fsys: in.p.fsys}).has(name) {
		in.errorf(v.pos, "local include %s: GitLab finds no file by that path, write %s", yamldoc.Quote(v.text), yamldoc.Quote(name))
	}
	if !isYAML(name) {
		in.broken(v, "local include %s: expected a file whose name ends in .yml or .yaml", yamldoc.Quote(v.text))
		return nil
	}
	names := []string{name}
	if strings.Contains(name, "*") {
		names = slices.DeleteFunc(in.p.below(name), func(name string) bool { return name == v.pos.File }) // a file does not include itself by a pattern
	}
	var out []*value
	for _, n := range names {
		if doc := in.file(n, v, g); doc != nil {
			out = append(out, doc)
		}
	}
	return out
}

// below returns the files that the pattern of an include matches, sorted. "*"
// matches within one path element, "**/" any directories or none, and another
// "**" anything, unlike in rules.
func (p *Pipeline) below(pattern string) []string {
	matcher, start := includePattern(pattern)
	if matcher == nil {
		return nil
	}
	t := &tree{fsys: p.fsys}
	t.list(start)
	return slices.DeleteFunc(t.listed, func(name string) bool { return !matcher.MatchString(name) })
}

// includePattern compiles the pattern of an include and returns the directory
// that contains all matches. matcher is nil if no file can match.
func includePattern(pattern string) (matcher *regexp.Regexp, start string) {
	expression := regexp.QuoteMeta(pattern)
	expression = strings.ReplaceAll(expression, `\*\*/`, "(.*/)?")
	expression = strings.ReplaceAll(expression, `\*\*`, ".*")
	expression = strings.ReplaceAll(expression, `\*`, "[^/]*")
	matcher, err := regexp.Compile("^" + expression + "$")
	if err != nil {
		return nil, "." // invalid UTF-8
	}
	return matcher, path.Dir(pattern[:strings.Index(pattern, "*")] + "x")
}
