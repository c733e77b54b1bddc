// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

// An Explanation says what decides about a mapping on a target.
type Explanation struct {
	Mapping   string      `json:"mapping"`
	Target    string      `json:"target"`
	Kind      string      `json:"kind,omitempty"`    // "" when there is no package
	Package   string      `json:"package,omitempty"` // "" when there is none
	NeededBy  []Need      `json:"needed_by"`
	Policy    *Selection  `json:"cross_policy,omitempty"` // nil if there is none, which means native
	DecidedBy *Selection  `json:"decided_by,omitempty"`   // nil if no selector matches
	Unset     []string    `json:"considered_before"`      // selectors with precedence that are not in the mapping
	Others    []Selection `json:"other_selectors"`
	AbsentOn  []string    `json:"absent_on"`
}

// A Need is an entry of a project for a mapping.
type Need struct {
	Project  string `json:"project"`
	Internal bool   `json:"internal,omitempty"`
	Place
}

// A Selection is a line of a mapping.
type Selection struct {
	Section  string  `json:"section"`
	Selector string  `json:"selector"`
	Package  *string `json:"package"` // null when the line says that there is none
	Place
}

// A Place is a line of the facts.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func placeOf(p facts.Position) Place { return Place{p.File, p.Line} }

func (p Place) String() string { return facts.Position{File: p.File, Line: p.Line}.String() }

// An Explainer explains mappings on one target.
type Explainer struct {
	Set      *facts.Set
	Target   Target
	Projects []*facts.Project // whose needs are looked at
	Others   []Target         // all targets there are, for this machine's kind
}

// Explain explains the mapping called name, and mappings whose package has this
// name.
func (e *Explainer) Explain(name string) ([]Explanation, error) {
	var found []Explanation
	packages := []string{}
	names := e.Set.MappingNames()
	for _, mapping := range names {
		p, ok, err := Resolve(e.Set, e.Target, mapping)
		if err != nil && mapping == name {
			return nil, &ResolveError{Need: facts.Reference{Mapping: name}, Err: err}
		}
		plain, _, _ := strings.Cut(p.Name, ":")
		packages = append(packages, p.Name, plain)
		if mapping != name && (!ok || p.Name != name && plain != name) {
			continue
		}
		x, err := e.explain(mapping, p, ok)
		if err != nil {
			return nil, err
		}
		found = append(found, x)
	}
	if len(found) == 0 {
		err := fmt.Errorf("no mapping and no package of %s is called %q", e.Target.Name, name)
		return nil, diag.WithHint(err, strings.Trim(facts.DidYouMean(name, append(packages, names...)), " ()"))
	}
	slices.SortStableFunc(found, func(x, y Explanation) int {
		switch name { // the mapping itself comes first
		case x.Mapping:
			return -1
		case y.Mapping:
			return 1
		}
		return 0
	})
	return found, nil
}

func (e *Explainer) explain(mapping string, p Package, ok bool) (Explanation, error) {
	m, err := e.Set.Mapping(mapping)
	if err != nil {
		return Explanation{}, err
	}
	x := Explanation{
		Mapping: mapping, Target: e.Target.String(),
		NeededBy: []Need{}, Unset: []string{}, Others: []Selection{}, AbsentOn: []string{},
	}
	kind := Native
	if ok {
		x.Kind, x.Package, kind = string(p.Kind), p.Name, p.Kind
	}
	if e.Target.Cross != "" {
		x.Policy, _ = decisive(m.Native, "mappings", PolicySelectors(e.Target))
		if x.Policy != nil && x.Policy.Package != nil && *x.Policy.Package == string(policyForeign) {
			kind = Foreign
		}
	}
	if x.Policy == nil || x.Policy.Package == nil || *x.Policy.Package != string(policySkip) {
		section, names := sectionOf(m, kind)
		x.DecidedBy, x.Unset = decisive(names, section, Selectors(e.Target, kind))
	}
	x.Others = e.otherSelectors(m, x)
	for _, project := range e.Projects {
		for _, n := range project.Needs {
			if n.Mapping == mapping {
				x.NeededBy = append(x.NeededBy, Need{project.Name, project.Internal, placeOf(n.Pos)})
			}
		}
	}
	for _, t := range e.Others {
		if _, ok, err := Resolve(e.Set, t, mapping); err == nil && !ok {
			x.AbsentOn = append(x.AbsentOn, t.Name)
		}
	}
	return x, nil
}

// decisive returns the line of the first selector that exists, or nil, and the
// selectors before it.
func decisive(names facts.Names, section string, selectors []string) (*Selection, []string) {
	selector, _, ok := names.Lookup(selectors...)
	if !ok {
		return nil, selectors
	}
	s := selectionOf(section, selector, names[selector])
	return &s, selectors[:slices.Index(selectors, selector)]
}

func sectionOf(m *facts.Mapping, kind Kind) (string, facts.Names) {
	switch kind {
	case PyPI:
		return "pypi_mappings", m.PyPI
	case CPAN:
		return "cpan_mappings", m.CPAN
	}
	return "mappings", m.Native
}

func selectionOf(section, selector string, name facts.Name) Selection {
	s := Selection{Section: section, Selector: selector, Place: placeOf(name.Pos)}
	if !name.Null {
		s.Package = &name.Package
	}
	return s
}

// otherSelectors returns the lines of a mapping that did not decide, in the
// order of the files.
func (e *Explainer) otherSelectors(m *facts.Mapping, x Explanation) []Selection {
	others := []Selection{}
	for _, kind := range []Kind{Native, PyPI, CPAN} {
		section, names := sectionOf(m, kind)
		from := len(others)
		for selector, name := range names {
			s := selectionOf(section, selector, name)
			if !s.is(x.DecidedBy) && !s.is(x.Policy) {
				others = append(others, s)
			}
		}
		slices.SortFunc(others[from:], func(a, b Selection) int {
			return names[a.Selector].Pos.Compare(names[b.Selector].Pos)
		})
	}
	return others
}

func (s Selection) is(other *Selection) bool {
	return other != nil && s.Section == other.Section && s.Selector == other.Selector
}
