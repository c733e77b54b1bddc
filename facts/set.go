// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// Options are the options of Load.
type Options struct {
	Layers []Layer           // nearest first; a nearer layer's selectors win
	Known  func() Vocabulary // the selectors there are; nil means that none is unknown
	Warn   func(*Problem)    // called with what is read and has no effect; nil means nobody listens
}

// A Set is the merged facts of several layers. It is safe for concurrent use.
type Set struct {
	options  Options
	tables   []map[string][]entry // by mapping, one table a layer
	projects map[string]source    // public ones
	internal map[string]source

	mu      sync.Mutex
	decoded map[string]*decoded
	read    map[source]*readProject
}

type source struct {
	layer int
	file  string
}

// Sections of a mappings file.
const (
	nativeSection = "mappings"
	pypiSection   = "pypi_mappings"
	cpanSection   = "cpan_mappings"
)

// A section is a top-level key of a mappings file.
type section struct {
	name string
	pos  Position
}

type entry struct {
	section string
	name    string
	pos     Position // of the name
	value   yamldoc.Node
	builtIn []builtInName // instead of value; nil for what is read from a file
}

type decoded struct {
	mapping *Mapping
	err     error
}

// Load reads the mappings files of the layers and lists their projects. The
// error joins all problems.
func Load(o Options) (*Set, error) {
	if o.Warn == nil {
		o.Warn = func(*Problem) {}
	}
	s := &Set{
		options:  o,
		projects: map[string]source{},
		internal: map[string]source{},
		decoded:  map[string]*decoded{},
		read:     map[source]*readProject{},
	}
	var errs []error
	for i, layer := range o.Layers {
		table, err := s.loadMappings(layer)
		s.tables = append(s.tables, table)
		errs = append(errs, err, s.listProjects(i, layer))
		s.warnDangling(layer)
	}
	if err := diag.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// warnDangling warns about links instead of facts that lead nowhere.
func (s *Set) warnDangling(layer Layer) {
	for _, f := range layer.Dangling(".") {
		if f.File == layer.Path(singleFile) {
			s.options.Warn(f)
		}
	}
	for _, f := range slices.Concat(layer.Dangling("mappings"), layer.Dangling("projects")) {
		s.options.Warn(f)
	}
}

// singleFile has the mappings of a layer that has no directory of them.
const singleFile = "mappings.yml"

func (s *Set) loadMappings(layer Layer) (map[string][]entry, error) {
	if layer.generated {
		return builtInEntries(), nil
	}
	table := map[string][]entry{}
	files, err := mappingFiles(layer)
	errs := []error{err}
	for _, file := range files {
		data, err := layer.Read(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all, entries, repeats, err := readMappings(layer.Path(file), data)
		errs = append(errs, err)
		for _, of := range all {
			if f := of.check(); f != nil {
				s.options.Warn(f)
			}
		}
		for _, e := range entries {
			if f := addEntry(table, e); f != nil {
				repeats = append(repeats, f)
			}
		}
		for _, f := range repeats {
			s.options.Warn(f)
		}
	}
	return table, mappingsError(diag.Join(errs...))
}

func mappingFiles(layer Layer) ([]string, error) {
	files, err := layer.Files("mappings")
	if info, statErr := fs.Stat(layer.FS, singleFile); statErr == nil && info.IsDir() {
		err = diag.Join(err, diag.Errorf(Position{File: layer.Path(singleFile)}, "cannot read: is a directory"))
	}
	if layer.Has(singleFile) {
		files = append([]string{singleFile}, files...)
	}
	return files, err
}

// sections returns the valid sections of a mappings file.
func sections() []string { return []string{nativeSection, pypiSection, cpanSection} }

// check returns a problem for an unknown section, or nil.
func (s section) check() *Problem {
	if slices.Contains(sections(), s.name) {
		return nil
	}
	return diag.Errorf(s.pos, "unknown key %s%s", yamldoc.Quote(s.name), DidYouMean(s.name, sections()))
}

// addEntry adds e to the table. It replaces the same entry of an earlier file in
// the layer, and then returns a problem.
func addEntry(table map[string][]entry, e entry) *Problem {
	for i, old := range table[e.name] {
		if old.section == e.section {
			table[e.name][i] = e
			return diag.Errorf(e.pos, "%s: %s appears twice, first at %s: the last one counts", e.section, yamldoc.Quote(e.name), old.pos)
		}
	}
	table[e.name] = append(table[e.name], e)
	return nil
}

// readMappings returns the sections and entries of a mappings file. Duplicate
// keys are in repeats; the last one counts.
func readMappings(file string, data []byte) (all []section, entries []entry, repeats []*Problem, err error) {
	doc, err := yamldoc.Parse(file, data, 0)
	if err != nil || doc.IsNull() {
		return nil, nil, nil, err
	}
	fields, err := doc.Mapping()
	errs := []error{err}
	for _, f := range fields {
		of := section{f.Key, f.Pos}
		all = append(all, of)
		if f.Value.IsNull() || of.check() != nil {
			continue
		}
		fields, err := f.Value.Mapping()
		errs = append(errs, err)
		for _, e := range fields {
			entries = append(entries, entry{section: f.Key, name: e.Key, pos: e.Pos, value: e.Value})
		}
	}
	return all, entries, doc.Duplicates(), diag.Join(errs...)
}

// MappingNames returns the mappings of all layers, sorted.
func (s *Set) MappingNames() []string {
	names := map[string]bool{}
	for _, table := range s.tables {
		for name := range table {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Mapping returns the merged mapping of a name. Selectors of nearer layers take
// precedence, and an entry that is null hides those of the layers below. The
// error wraps ErrNoMapping if no layer has the name, and joins the errors of its
// entries otherwise.
func (s *Set) Mapping(name string) (*Mapping, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.decoded[name]
	if !ok {
		d = &decoded{}
		d.mapping, d.err = s.decode(name)
		s.decoded[name] = d
	}
	return d.mapping, d.err
}

func (s *Set) decode(name string) (*Mapping, error) {
	m := &Mapping{Name: name, Native: Names{}, PyPI: Names{}, CPAN: Names{}}
	names := map[string]Names{nativeSection: m.Native, pypiSection: m.PyPI, cpanSection: m.CPAN}
	hidden := map[string]bool{}
	var errs []error
	for i, table := range s.tables {
		for _, e := range table[name] {
			if hidden[e.section] {
				continue
			}
			if m.Pos == (Position{}) {
				m.Pos = e.pos
			}
			null, err := s.decodeEntry(&e, names[e.section], s.options.Layers[i].Proven)
			hidden[e.section] = null
			errs = append(errs, err)
		}
	}
	if m.Pos == (Position{}) {
		err := fmt.Errorf("Package %s %w", yamldoc.OneLine(name), ErrNoMapping) //nolint:staticcheck // the text is the one that users of the original match on
		return nil, diag.WithHint(err, Suggestion(name, s.MappingNames()))
	}
	return m, diag.Join(errs...)
}

// decodeEntry adds the selectors of e that names does not have yet.
func (s *Set) decodeEntry(e *entry, names Names, proven bool) (null bool, err error) {
	if e.builtIn != nil {
		addBuiltIn(e, names)
		return false, nil
	}
	if e.value.IsNull() {
		return true, nil
	}
	fields, err := e.value.Mapping()
	errs := []error{err}
	for _, f := range fields {
		name, err := decodeName(f)
		errs = append(errs, err)
		if !proven {
			s.checkSelector(e, f.Key, f.Pos)
		}
		if _, nearer := names[f.Key]; !nearer && err == nil {
			names[f.Key] = name
		}
	}
	return false, diag.Join(errs...)
}

func decodeName(f yamldoc.Field) (Name, error) {
	if f.Value.IsNull() {
		return Name{Null: true, Pos: f.Pos}, nil
	}
	text, err := f.Value.Text()
	if err != nil {
		return Name{}, err
	}
	if err := checkPackage(text); err != nil {
		return Name{}, diag.Errorf(f.Value.Pos(), "package name %s %v", yamldoc.Quote(text), err)
	}
	return Name{Package: text, Pos: f.Pos}, nil
}

func (s *Set) checkSelector(e *entry, selector string, pos Position) {
	if s.options.Known == nil {
		return
	}
	if err := s.options.Known().check(e.section, selector); err != nil {
		s.options.Warn(diag.Errorf(pos, "mapping %s: %v", yamldoc.Quote(e.name), err))
	}
}
