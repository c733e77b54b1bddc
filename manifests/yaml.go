// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
	"gitlab.com/lcitool/lcitool/targets"
)

// The yaml… types mirror the file. A nil pointer is a missing key.

type yamlManifest struct {
	place      place
	projects   *yamlProjects
	containers *bool
	cirrus     *bool
	gitlab     yamlGitLab
	targets    []yamlTarget
	hasTargets bool
}

type yamlProjects struct {
	place place
	list  []Project
	bad   bool // it is not a list
}

type yamlGitLab struct {
	place              place
	enabled            *bool
	namespace, project *string
	containers, builds *bool
	builder            *string
	builderPlace       place
	checks             map[string]bool
	native, cross      *string
}

type yamlTarget struct {
	place    place
	name     string
	enabled  *bool
	projects *yamlProjects
	jobs     []yamlJob
	hasJobs  bool
}

type yamlJob struct {
	bad          bool // it is not a mapping, or its arch is not a string; the error was recorded
	place        place
	arch         *string
	archPlace    place
	enabled      *bool
	suffix       *string
	builds       *bool
	allowFailure *bool
	crossBuild   *bool
	crossPlace   place
	template     *string
	templateAt   place
	variables    []yamlVariable
	artifacts    *yamlArtifacts
}

type yamlVariable struct {
	place place
	Variable
}

type yamlArtifacts struct {
	place    place
	expireIn *string
	paths    []string
	hasPaths bool
	more     map[string]any
}

// decode parses a manifest and checks types. check validates the values.
func decode(file string, data []byte, warn func(*Error)) (*yamlManifest, error) {
	doc, err := yamldoc.Parse(file, data, 0)
	if err != nil {
		return nil, place{}.wrap(err)
	}
	top := place{pos: Position{File: file, Line: 1, Column: 1}}
	if doc.IsNull() {
		return nil, top.errorf("expected a mapping with the keys projects, gitlab and targets, got nothing")
	}
	if !doc.IsMapping() {
		return nil, at(doc, "").errorf("expected a mapping, got %s", doc.Describe())
	}
	for _, f := range doc.Duplicates() {
		warn(&Error{Position: f.Position, Message: f.Message})
	}
	m := &yamlManifest{place: top, gitlab: yamlGitLab{place: place{top.pos, "gitlab"}}}
	d := &decoder{}
	d.mapping(doc, "", keys{
		{"projects", func(n yamldoc.Node, at place) { m.projects = d.projects(n, at) }},
		{"containers", func(n yamldoc.Node, at place) { m.containers = d.enabled(n, at) }},
		{"cirrus", func(n yamldoc.Node, at place) { m.cirrus = d.enabled(n, at) }},
		{"gitlab", func(n yamldoc.Node, at place) { m.gitlab = d.gitlab(n, at) }},
		{"targets", func(n yamldoc.Node, at place) { m.targets, m.hasTargets = d.targets(n, at), true }},
	})
	for _, u := range d.unknowns {
		if u.more > 0 {
			u.err.Message += fmt.Sprintf(" (and %d more like it)", u.more)
		}
		warn(u.err)
	}
	return m, join(d.errs...)
}

// A decoder collects errors while it reads.
type decoder struct {
	unknowns []unknownKey
	errs     []error
}

// An unknownKey is an unknown key in one or more mappings of a kind.
type unknownKey struct {
	err   *Error // about the first
	key   string
	known string // what the mappings may hold, joined
	more  int
}

// keys are the valid keys of a mapping, with the functions that read their
// values.
type keys []struct {
	name string
	read func(n yamldoc.Node, at place)
}

func (k keys) names() []string {
	names := make([]string, len(k))
	for i := range k {
		names[i] = k[i].name
	}
	return names
}

func at(n yamldoc.Node, path string) place { return place{n.Pos(), path} }

// mapping reads the keys of a mapping and warns about unknown ones.
func (d *decoder) mapping(n yamldoc.Node, path string, known keys) {
	for _, f := range d.fields(n, path) {
		i := slices.IndexFunc(known, func(k struct {
			name string
			read func(yamldoc.Node, place)
		}) bool {
			return k.name == f.Key
		})
		here := place{f.Pos, place{path: path}.key(f.Key)}
		if i < 0 {
			d.unknown(here, f.Key, known.names())
			continue
		}
		if f.Value.Pos().Line > 0 {
			here.pos = f.Value.Pos()
		}
		known[i].read(f.Value, here)
	}
}

func (d *decoder) fields(n yamldoc.Node, path string) []yamldoc.Field {
	fields, err := n.Mapping()
	d.errs = append(d.errs, place{path: path}.wrap(err))
	return fields
}

// unknown records an unknown key, with the most similar valid one.
func (d *decoder) unknown(here place, key string, known []string) {
	kind := strings.Join(known, " ")
	for i := range d.unknowns {
		if u := &d.unknowns[i]; u.key == key && u.known == kind {
			u.more++
			return
		}
	}
	f := here.errorf("unknown key %q%s", key, nearest(key, known))
	d.unknowns = append(d.unknowns, unknownKey{err: f, key: key, known: kind})
}

// nearest returns a hint with the most similar known word, by its letters or by
// a common prefix ("expiry", "expire_in").
func nearest(word string, known []string) string {
	if hint := facts.DidYouMean(word, known); hint != "" {
		return hint
	}
	best, length := "", 2
	for _, k := range known {
		n := 0
		for n < min(len(k), len(word)) && k[n] == word[n] {
			n++
		}
		if n > length {
			best, length = k, n
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + strconv.Quote(best) + "?)"
}

// flag reads a boolean, or returns nil for other values.
func (d *decoder) flag(n yamldoc.Node, at place) *bool {
	b, err := n.Bool()
	if err != nil {
		d.errs = append(d.errs, at.wrap(err))
		return nil
	}
	return &b
}

// text reads a string. For other values it returns their description, so that
// the key does not count as missing.
func (d *decoder) text(n yamldoc.Node, at place) *string {
	s, err := n.Text()
	if err != nil {
		d.errs = append(d.errs, at.wrap(err))
		s = n.Describe()
	}
	return &s
}

// word reads a scalar as written: 1.10 stays "1.10".
func (d *decoder) word(n yamldoc.Node, at place) *string {
	s, ok := n.Scalar()
	if !ok || n.IsNull() {
		d.errs = append(d.errs, at.errorf("expected a string, got %s", n.Describe()))
	}
	return &s
}

// enabled reads a mapping with the single key "enabled".
func (d *decoder) enabled(n yamldoc.Node, at place) *bool {
	var enabled *bool
	d.mapping(n, at.path, keys{
		{"enabled", func(n yamldoc.Node, at place) { enabled = d.flag(n, at) }},
	})
	return enabled
}

func (d *decoder) items(n yamldoc.Node, list place, read func(n yamldoc.Node, at place)) {
	items, err := n.Sequence()
	d.errs = append(d.errs, list.wrap(err))
	for i, item := range items {
		read(item, at(item, list.path+"["+strconv.Itoa(i)+"]"))
	}
}

func (d *decoder) projects(n yamldoc.Node, list place) *yamlProjects {
	p := &yamlProjects{place: list, bad: !n.IsSequence()}
	if p.bad {
		return p
	}
	d.items(n, list, func(n yamldoc.Node, at place) {
		p.list = append(p.list, Project{Name: *d.text(n, at), Pos: at.pos, path: at.path})
	})
	return p
}

func (d *decoder) gitlab(n yamldoc.Node, at place) yamlGitLab {
	g := yamlGitLab{place: at}
	d.mapping(n, at.path, keys{
		{"enabled", func(n yamldoc.Node, at place) { g.enabled = d.flag(n, at) }},
		{"namespace", func(n yamldoc.Node, at place) { g.namespace = d.text(n, at) }},
		{"project", func(n yamldoc.Node, at place) { g.project = d.text(n, at) }},
		{"containers", func(n yamldoc.Node, at place) { g.containers = d.flag(n, at) }},
		{"container-builder", func(n yamldoc.Node, at place) { g.builder, g.builderPlace = d.text(n, at), at }},
		{"builds", func(n yamldoc.Node, at place) { g.builds = d.flag(n, at) }},
		{"jobs", func(n yamldoc.Node, at place) { g.checks = d.checks(n, at) }},
		{"templates", func(n yamldoc.Node, at place) {
			d.mapping(n, at.path, keys{
				{"native-build", func(n yamldoc.Node, at place) { g.native = d.word(n, at) }},
				{"cross-build", func(n yamldoc.Node, at place) { g.cross = d.word(n, at) }},
			})
		}},
	})
	return g
}

func (d *decoder) checks(n yamldoc.Node, at place) map[string]bool {
	checks := map[string]bool{}
	var known keys
	for _, c := range allChecks {
		known = append(known, keys{
			{c.Name, func(n yamldoc.Node, at place) { checks[c.Name] = or(d.flag(n, at), false) }},
		}...)
	}
	d.mapping(n, at.path, known)
	return checks
}

func (d *decoder) targets(n yamldoc.Node, all place) []yamlTarget {
	if n.IsNull() {
		return nil
	}
	var list []yamlTarget
	for _, f := range d.fields(n, all.path) {
		here := place{f.Pos, all.key(f.Key)}
		list = append(list, d.target(f.Key, f.Value, here))
	}
	return list
}

func (d *decoder) target(name string, n yamldoc.Node, here place) yamlTarget {
	t := yamlTarget{place: here, name: name}
	if arch, ok := n.Scalar(); ok && !n.IsNull() {
		t.jobs = []yamlJob{{place: here, arch: &arch, archPlace: at(n, here.path)}}
		t.hasJobs = true
		return t
	}
	if !n.IsMapping() {
		d.errs = append(d.errs, here.errorf("expected an architecture or a mapping with the key jobs, got %s", n.Describe()))
		return yamlTarget{place: here, name: name, hasJobs: true}
	}
	d.mapping(n, here.path, keys{
		{"enabled", func(n yamldoc.Node, at place) { t.enabled = d.flag(n, at) }},
		{"projects", func(n yamldoc.Node, at place) { t.projects = d.projects(n, at) }},
		{"jobs", func(n yamldoc.Node, at place) {
			t.hasJobs = true
			d.items(n, at, func(n yamldoc.Node, at place) { t.jobs = append(t.jobs, d.job(n, at)) })
		}},
	})
	return t
}

func (d *decoder) job(n yamldoc.Node, here place) yamlJob {
	j := yamlJob{place: here, bad: !n.IsMapping()}
	d.mapping(n, here.path, keys{
		{"arch", func(n yamldoc.Node, at place) {
			j.arch, j.archPlace = d.text(n, at), at
			_, err := n.Text()
			j.bad = err != nil
			if arch, err := targets.ParseArch(*j.arch); err == nil {
				*j.arch = string(arch)
			}
		}},
		{"enabled", func(n yamldoc.Node, at place) { j.enabled = d.flag(n, at) }},
		{"suffix", func(n yamldoc.Node, at place) { j.suffix = d.word(n, at) }},
		{"builds", func(n yamldoc.Node, at place) { j.builds = d.flag(n, at) }},
		{"allow-failure", func(n yamldoc.Node, at place) { j.allowFailure = d.flag(n, at) }},
		{"cross-build", func(n yamldoc.Node, at place) { j.crossBuild, j.crossPlace = d.flag(n, at), at }},
		{"template", func(n yamldoc.Node, at place) { j.template, j.templateAt = d.word(n, at), at }},
		{"variables", func(n yamldoc.Node, at place) { j.variables = d.variables(n, at) }},
		{"artifacts", func(n yamldoc.Node, at place) { j.artifacts = d.artifacts(n, at) }},
	})
	return j
}

// variables reads a job's variables. Values are read as strings, null as the
// empty string.
func (d *decoder) variables(n yamldoc.Node, all place) []yamlVariable {
	var list []yamlVariable
	for _, f := range d.fields(n, all.path) {
		v := yamlVariable{place: place{f.Pos, all.key(f.Key)}, Variable: Variable{Name: f.Key}}
		if !f.Value.IsNull() {
			v.Value = *d.word(f.Value, place{f.Value.Pos(), v.place.path})
		}
		list = append(list, v)
	}
	return list
}

// artifactKeys returns the keys of GitLab that are passed through.
func artifactKeys() []string {
	return []string{"access", "exclude", "expose_as", "name", "public", "reports", "untracked", "when"}
}

func (d *decoder) artifacts(n yamldoc.Node, here place) *yamlArtifacts {
	if n.IsNull() {
		return nil
	}
	a := &yamlArtifacts{place: here, more: map[string]any{}}
	known := keys{
		{"expire_in", func(n yamldoc.Node, at place) { a.expireIn = d.word(n, at) }},
		{"paths", func(n yamldoc.Node, list place) {
			a.hasPaths = true
			d.items(n, list, func(n yamldoc.Node, at place) { a.paths = append(a.paths, *d.word(n, at)) })
		}},
	}
	for _, name := range artifactKeys() {
		known = append(known, keys{
			{name, func(n yamldoc.Node, at place) { a.more[name] = d.any(n, at, 0) }},
		}...)
	}
	d.mapping(n, here.path, known)
	return a
}

// maxDepth limits the nesting of values that are passed through.
const maxDepth = 8

func (d *decoder) any(n yamldoc.Node, here place, depth int) any {
	switch {
	case depth > maxDepth:
		d.errs = append(d.errs, here.errorf("more than %d levels of lists and mappings", maxDepth))
		return nil
	case n.IsNull():
		return nil
	case n.IsSequence():
		list := []any{}
		d.items(n, here, func(n yamldoc.Node, at place) { list = append(list, d.any(n, at, depth+1)) })
		return list
	case n.IsMapping():
		values := map[string]any{}
		for _, f := range d.fields(n, here.path) {
			values[f.Key] = d.any(f.Value, place{f.Pos, here.key(f.Key)}, depth+1)
		}
		return values
	}
	if b, err := n.Bool(); err == nil {
		return b
	}
	text, _ := n.Scalar()
	if n.Describe() == "a number" {
		if i, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 0, 64); err == nil {
			return i
		}
	}
	return text
}
