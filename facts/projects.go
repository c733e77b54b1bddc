// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

type readProject struct {
	project *Project
	err     error
}

// listProjects records the projects of layer i. Nearer layers take precedence.
func (s *Set) listProjects(i int, layer Layer) error {
	files, err := layer.Files("projects")
	errs := []error{err}
	note(s.projects, i, files)
	if layer.Bundled {
		files, err = layer.Files("projects/internal")
		errs = append(errs, err)
		note(s.internal, i, files)
	}
	return diag.Join(errs...)
}

func note(projects map[string]source, layer int, files []string) {
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".yml")
		if _, nearer := projects[name]; !nearer {
			projects[name] = source{layer, file}
		}
	}
}

// ProjectNames returns the public projects, sorted.
func (s *Set) ProjectNames() []string {
	return slices.Sorted(maps.Keys(s.projects))
}

// InternalNames returns the internal projects, sorted.
func (s *Set) InternalNames() []string {
	return slices.Sorted(maps.Keys(s.internal))
}

// Project reads a project by name, first among public ones, then among internal
// ones. The error is a *ProjectError.
func (s *Set) Project(name string) (*Project, error) {
	if src, ok := s.projects[name]; ok {
		return s.readProject(name, src, false)
	}
	if src, ok := s.internal[name]; ok {
		return s.readProject(name, src, true)
	}
	err := fmt.Errorf("unknown project '%s'", yamldoc.OneLine(name))
	return nil, &ProjectError{
		Project: name,
		Err:     diag.WithHint(err, Suggestion(name, s.ProjectNames())),
	}
}

// Internal reads an internal project such as "base" or "python-pip".
func (s *Set) Internal(name string) (*Project, error) {
	src, ok := s.internal[name]
	if !ok {
		return nil, &ProjectError{Project: name, Err: fmt.Errorf("the facts have no internal project '%s' (projects/internal/%s.yml)", name, name)}
	}
	return s.readProject(name, src, true)
}

func (s *Set) readProject(name string, src source, internal bool) (*Project, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.read[src]
	if !ok {
		layer := s.options.Layers[src.layer]
		location := layer.Path(src.file)
		r = &readProject{project: &Project{Name: name, Location: location, Internal: internal}}
		data, err := layer.Read(src.file)
		if err == nil {
			r.project.Needs, err = s.decodeProject(location, data)
		}
		if err != nil {
			r.project, r.err = nil, &ProjectError{Project: name, Location: location, Err: err}
		}
		s.read[src] = r
	}
	return r.project, r.err
}

func (s *Set) decodeProject(file string, data []byte) ([]Reference, error) {
	needs, ignored, err := DecodeProject(file, data)
	for _, f := range ignored {
		s.options.Warn(f)
	}
	return needs, err
}

// DecodeProject parses a project file. ignored are keys without effect and
// duplicates.
func DecodeProject(file string, data []byte) (needs []Reference, ignored []*Problem, err error) {
	items, ignored, err := decodeItems(file, data)
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		if !seen[item.Mapping] {
			seen[item.Mapping] = true
			needs = append(needs, item)
		}
	}
	return needs, ignored, err
}

// decodeItems returns the items of a project file, including duplicates.
func decodeItems(file string, data []byte) (items []Reference, ignored []*Problem, err error) {
	doc, err := yamldoc.Parse(file, data, 0)
	if err != nil {
		return nil, nil, err
	}
	fields, err := doc.Mapping()
	if err != nil {
		return nil, nil, err
	}
	ignored = doc.Duplicates()
	var packages *yamldoc.Node
	for _, f := range fields {
		if f.Key == "packages" {
			packages = &f.Value
			continue
		}
		ignored = append(ignored, diag.Errorf(f.Pos, "unknown key %s%s", yamldoc.Quote(f.Key), DidYouMean(f.Key, []string{"packages"})))
	}
	if packages == nil {
		return nil, ignored, diag.Errorf(doc.Pos(), "expected a list of mappings under \"packages\", got none")
	}
	nodes, err := packages.Sequence()
	if err != nil {
		return nil, ignored, diag.Errorf(packages.Pos(), "Expected packages to be a list, got <class '%s'>", pythonType(*packages)) // the message of the original lcitool, which scripts match
	}
	var errs []error
	for _, n := range nodes {
		name, err := n.Text()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		items = append(items, Reference{Mapping: name, Pos: n.Pos()})
	}
	return items, ignored, diag.Join(errs...)
}

// pythonType returns the Python type of a value as in the message of the
// original lcitool, which scripts match.
func pythonType(n yamldoc.Node) string {
	switch {
	case n.IsNull():
		return "NoneType"
	case n.IsMapping():
		return "dict"
	}
	switch n.Describe() {
	case "a number":
		if text, _ := n.Scalar(); strings.ContainsAny(text, ".eE") {
			return "float"
		}
		return "int"
	case "a boolean":
		return "bool"
	}
	return "str"
}
