// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
)

// Packages contains the packages that projects need on a target. The lists are
// sorted by byte, without duplicates.
type Packages struct {
	Native  []string
	Foreign []string
	PyPI    []string
	CPAN    []string

	// Resolved contains the package of each mapping that has one on the target.
	Resolved map[string]Package
	// Dropped lists the mappings without a package on the target, sorted.
	Dropped []string
	// Unavailable lists cross compilers that the distribution does not have for
	// this host, in the order of their mappings.
	Unavailable []Package
}

func (p *Packages) Has(mapping string) bool {
	_, ok := p.Resolved[mapping]
	return ok
}

// Internal projects that all outputs use.
const (
	baseProject = "base"
	pipProject  = "python-pip"
	cpanProject = "perl-cpan"
)

// Select resolves the projects on t, and adds what every build, pip and cpanm
// need. The error joins all problems of the facts used.
func Select(set *facts.Set, t Target, projects []string) (*Packages, error) {
	var s Selector
	return s.Select(set, t, projects)
}

// A Selector is for many calls of Select. It uses its memory again, so its Packages
// are valid until the next call. It is not safe for concurrent use.
type Selector struct {
	selection selection
	packages  Packages
}

// Select is like the function of that name.
func (r *Selector) Select(set *facts.Set, t Target, projects []string) (*Packages, error) {
	s := &r.selection
	s.reset(set, t, projects)
	s.internal(baseProject)
	for _, name := range projects {
		project, err := set.Project(name)
		if err != nil {
			s.errs = append(s.errs, err)
			continue
		}
		kinds := s.add(project)
		if kinds[PyPI] {
			s.internal(pipProject)
		}
		if kinds[CPAN] {
			s.internal(cpanProject)
		}
	}
	if err := errors.Join(s.errs...); err != nil {
		return nil, err
	}
	s.fill(&r.packages)
	return &r.packages, nil
}

// needs estimates the number of mappings that the projects need.
func needs(set *facts.Set, projects []string) int {
	n := 16 // for what every build needs
	for _, name := range projects {
		if project, err := set.Project(name); err == nil {
			n += len(project.Needs)
		}
	}
	return n
}

type selection struct {
	resolver *resolver
	resolved map[string]Package
	dropped  map[string]bool
	failed   map[string]bool
	errs     []error
}

// reset prepares for a target.
func (s *selection) reset(set *facts.Set, t Target, projects []string) {
	if s.resolved == nil {
		s.resolved, s.dropped = make(map[string]Package, needs(set, projects)), map[string]bool{}
	}
	s.resolver, s.errs = newResolver(set, t), nil
	clear(s.resolved)
	clear(s.dropped)
	clear(s.failed)
}

func (s *selection) internal(name string) {
	project, err := s.resolver.set.Internal(name)
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	s.add(project)
}

// add resolves a project's mappings and returns the kinds of their packages.
func (s *selection) add(project *facts.Project) map[Kind]bool {
	kinds := map[Kind]bool{}
	for _, need := range project.Needs {
		if p, ok := s.resolved[need.Mapping]; ok {
			kinds[p.Kind] = true
			continue
		}
		if s.dropped[need.Mapping] || s.failed[need.Mapping] {
			continue
		}
		p, ok, err := s.resolver.resolve(need.Mapping)
		switch {
		case err != nil:
			s.fail(need, err)
		case ok:
			s.resolved[need.Mapping] = p
			kinds[p.Kind] = true
		default:
			s.dropped[need.Mapping] = true
		}
	}
	return kinds
}

// A ResolveError says which need of a project cannot be resolved.
type ResolveError struct {
	Need facts.Reference
	Err  error
}

func (e *ResolveError) Error() string {
	if errors.Is(e.Err, facts.ErrNoMapping) {
		return e.Err.Error() + " (" + e.Need.Pos.String() + ")"
	}
	return e.Err.Error()
}

func (e *ResolveError) Unwrap() error { return e.Err }

func (s *selection) fail(need facts.Reference, err error) {
	if s.failed == nil {
		s.failed = map[string]bool{}
	}
	s.failed[need.Mapping] = true
	s.errs = append(s.errs, &ResolveError{Need: need, Err: err})
}

// fill sets all fields of p, whose lists it reuses.
func (s *selection) fill(p *Packages) {
	p.Resolved, p.Unavailable = s.resolved, s.unavailable()
	p.Dropped = slices.AppendSeq(p.Dropped[:0], maps.Keys(s.dropped))
	slices.Sort(p.Dropped)
	p.Native = slices.Grow(p.Native[:0], len(s.resolved))
	p.Foreign, p.PyPI, p.CPAN = p.Foreign[:0], p.PyPI[:0], p.CPAN[:0]
	names := map[Kind]*[]string{Native: &p.Native, Foreign: &p.Foreign, PyPI: &p.PyPI, CPAN: &p.CPAN}
	for _, pkg := range s.resolved {
		list := names[pkg.Kind]
		*list = append(*list, pkg.Name)
	}
	for _, list := range names {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// unavailable returns the packages that do not exist for build machines of the
// host's architecture.
func (s *selection) unavailable() []Package {
	var list []Package
	if s.resolver.target.Cross == "" {
		return nil
	}
	for _, p := range s.resolved {
		if p.Kind == Foreign && s.resolver.target.lacks(p) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b Package) int { return strings.Compare(a.Mapping, b.Mapping) })
	return list
}
