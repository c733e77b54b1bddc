// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"errors"
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/facts"
)

// Packages is what projects need on one target. The lists are sorted by byte
// and hold each name once.
type Packages struct {
	Native  []string
	Foreign []string
	PyPI    []string
	CPAN    []string

	// Resolved holds the package of each mapping that has one here.
	Resolved map[string]Package
	// Dropped lists the mappings that mean nothing here, sorted.
	Dropped []string
	// Unavailable lists packages that the distribution does not have on this
	// host, cross compilers, in the order of their mappings.
	Unavailable []Package
}

// Has reports whether the mapping has a package here.
func (p *Packages) Has(mapping string) bool {
	_, ok := p.Resolved[mapping]
	return ok
}

// The program's own projects that outputs are made with.
const (
	baseProject = "base"
	pipProject  = "python-pip"
	cpanProject = "perl-cpan"
)

// Select resolves the named projects on t, with what every build needs and
// what pip and cpanm need where they are used. The error joins all that is
// wrong with the facts asked for.
func Select(set *facts.Set, t Target, projects []string) (*Packages, error) {
	s := selection{resolver: newResolver(set, t), dropped: map[string]bool{}}
	s.resolved = make(map[string]Package, needs(set, projects))
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
	return s.packages(), nil
}

// needs is about how many mappings the projects need, to make room for them.
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

func (s *selection) internal(name string) {
	project, err := s.resolver.set.Internal(name)
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	s.add(project)
}

// add resolves a project's mappings and gives the kinds of package met.
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

func (s *selection) packages() *Packages {
	p := &Packages{Resolved: s.resolved, Dropped: slices.Sorted(maps.Keys(s.dropped)), Unavailable: s.unavailable()}
	names := map[Kind]*[]string{Native: &p.Native, Foreign: &p.Foreign, PyPI: &p.PyPI, CPAN: &p.CPAN}
	p.Native = make([]string, 0, len(s.resolved))
	for _, pkg := range s.resolved {
		list := names[pkg.Kind]
		*list = append(*list, pkg.Name)
	}
	for _, list := range names {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return p
}

// unavailable lists the packages that a build machine of the host's
// architecture cannot install.
func (s *selection) unavailable() []Package {
	var list []Package
	if s.resolver.target.Cross == "" {
		return nil
	}
	for _, mapping := range slices.Sorted(maps.Keys(s.resolved)) {
		if p := s.resolved[mapping]; p.Kind == Foreign && s.resolver.target.lacks(p) {
			list = append(list, p)
		}
	}
	return list
}
