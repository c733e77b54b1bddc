// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

func newExplain(a *app) *cobra.Command {
	o := &output{app: a}
	var projects, format string
	cmd := &cobra.Command{
		Use:   "explain TARGET PACKAGE|MAPPING",
		Short: "Say why a package is there",
		Long: `Follows a package of a target, or a mapping, from the projects that need it to
the line of the facts that decided: with the selectors that would have come
before it, all others of the mapping, and the targets that have nothing for it.`,
		Args: needArgs("TARGET", "PACKAGE|MAPPING"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			if err := o.checkArches(cmd); err != nil {
				return err
			}
			e, err := o.explainer(cmd.Context(), args[0], projects)
			if err != nil {
				return err
			}
			found, err := e.find(args[1])
			if err != nil {
				return err
			}
			if err := a.checkWarnings(); err != nil {
				return err
			}
			if format == "json" {
				return a.json(found)
			}
			return a.printExplanations(e.target, found)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVarP(&projects, "projects", "p", "", "projects to look at (default all)")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// An explanation is all that decides about a mapping on a target.
type explanation struct {
	Mapping   string      `json:"mapping"`
	Target    string      `json:"target"`
	Kind      string      `json:"kind,omitempty"`    // "" when there is no package
	Package   string      `json:"package,omitempty"` // "" when there is none
	NeededBy  []need      `json:"needed_by"`
	Policy    *selection  `json:"cross_policy,omitempty"` // nil when none is set, which means native
	DecidedBy *selection  `json:"decided_by,omitempty"`   // nil when no selector matched
	Unset     []string    `json:"considered_before"`      // selectors that would have come first
	Others    []selection `json:"other_selectors"`
	AbsentOn  []string    `json:"absent_on"`
}

// A need is the line of a project that asks for a mapping.
type need struct {
	Project  string `json:"project"`
	Internal bool   `json:"internal,omitempty"`
	place
}

// A selection is one line of a mapping.
type selection struct {
	Section  string  `json:"section"`
	Selector string  `json:"selector"`
	Package  *string `json:"package"` // null when the line says that there is none
	place
}

type place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func placeOf(p facts.Position) place { return place{p.File, p.Line} }

func (p place) String() string { return facts.Position{File: p.File, Line: p.Line}.String() }

// An explainer looks mappings up on one target.
type explainer struct {
	set      *facts.Set
	target   targets.Target
	projects []*facts.Project
	others   []targets.Target // all targets there are, for this machine's kind
}

// explainer reads what explanations need: the projects that a pattern list
// selects, or all of them and the internal ones for "".
func (o *output) explainer(ctx context.Context, target, pattern string) (*explainer, error) {
	all := pattern == ""
	var set *facts.Set
	var names []string
	var err error
	if all {
		set, err = o.app.workspace().Facts()
	} else {
		set, names, err = o.app.workspace().Expand(ctx, pattern)
	}
	if err != nil {
		return nil, err
	}
	t, err := o.app.workspace().Target(target, o.Arches)
	if err != nil {
		return nil, err
	}
	e := &explainer{set: set, target: t}
	if all {
		names = set.ProjectNames()
	}
	for _, name := range names {
		project, err := set.Project(name)
		if err != nil && !all {
			return nil, err
		}
		if err != nil {
			o.app.warnf("", "%v", err)
			continue
		}
		e.projects = append(e.projects, project)
	}
	for _, name := range set.InternalNames() {
		if project, err := set.Internal(name); err == nil {
			e.projects = append(e.projects, project)
		}
	}
	e.others = o.app.everyTarget(t.Host)
	return e, nil
}

// everyTarget gives the targets that can be read.
func (a *app) everyTarget(host targets.Arch) []targets.Target {
	var list []targets.Target
	catalogue, err := a.workspace().Catalogue()
	if err != nil {
		return nil
	}
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			a.warnf("", "%v", err)
			continue
		}
		list = append(list, targets.Target{Release: *release, Host: host})
	}
	return list
}

// find explains the mapping called name and those whose package is called so.
func (e *explainer) find(name string) ([]explanation, error) {
	var found []explanation
	packages := []string{}
	names := e.set.MappingNames()
	for _, mapping := range names {
		p, ok, err := targets.Resolve(e.set, e.target, mapping)
		if err != nil && mapping == name {
			return nil, &targets.ResolveError{Need: facts.Reference{Mapping: name}, Err: err}
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
		err := fmt.Errorf("no mapping and no package of %s is called %q", e.target.Name, name)
		return nil, facts.WithHint(err, strings.Trim(facts.DidYouMean(name, append(packages, names...)), " ()"))
	}
	slices.SortStableFunc(found, func(x, y explanation) int { return boolOrder(x.Mapping == name, y.Mapping == name) })
	return found, nil
}

// boolOrder puts what is true first.
func boolOrder(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

func (e *explainer) explain(mapping string, p targets.Package, ok bool) (explanation, error) {
	m, err := e.set.Mapping(mapping)
	if err != nil {
		return explanation{}, err
	}
	x := explanation{
		Mapping: mapping, Target: e.target.String(),
		NeededBy: []need{}, Unset: []string{}, Others: []selection{}, AbsentOn: []string{},
	}
	kind := targets.Native
	if ok {
		x.Kind, x.Package, kind = string(p.Kind), p.Name, p.Kind
	}
	if e.target.Cross != "" {
		x.Policy, _ = decisive(m.Native, "mappings", targets.PolicySelectors(e.target))
		if x.Policy != nil && x.Policy.Package != nil && *x.Policy.Package == "foreign" {
			kind = targets.Foreign
		}
	}
	if x.Policy == nil || x.Policy.Package == nil || *x.Policy.Package != "skip" {
		section, names := sectionOf(m, kind)
		x.DecidedBy, x.Unset = decisive(names, section, targets.Selectors(e.target, kind))
	}
	x.Others = e.otherSelectors(m, x)
	for _, project := range e.projects {
		for _, n := range project.Needs {
			if n.Mapping == mapping {
				x.NeededBy = append(x.NeededBy, need{project.Name, project.Internal, placeOf(n.Pos)})
			}
		}
	}
	for _, t := range e.others {
		if _, ok, err := targets.Resolve(e.set, t, mapping); err == nil && !ok {
			x.AbsentOn = append(x.AbsentOn, t.Name)
		}
	}
	return x, nil
}

// decisive gives the line that the first of the selectors there is on, nil
// for none, and those before it.
func decisive(names facts.Names, section string, selectors []string) (*selection, []string) {
	selector, _, ok := names.Lookup(selectors...)
	if !ok {
		return nil, selectors
	}
	s := selectionOf(section, selector, names[selector])
	return &s, selectors[:slices.Index(selectors, selector)]
}

func sectionOf(m *facts.Mapping, kind targets.Kind) (string, facts.Names) {
	switch kind {
	case targets.PyPI:
		return "pypi_mappings", m.PyPI
	case targets.CPAN:
		return "cpan_mappings", m.CPAN
	}
	return "mappings", m.Native
}

func selectionOf(section, selector string, name facts.Name) selection {
	s := selection{Section: section, Selector: selector, place: placeOf(name.Pos)}
	if !name.Null {
		s.Package = &name.Package
	}
	return s
}

// otherSelectors lists the lines of a mapping that did not decide, in the
// order of the files.
func (e *explainer) otherSelectors(m *facts.Mapping, x explanation) []selection {
	others := []selection{}
	for _, kind := range []targets.Kind{targets.Native, targets.PyPI, targets.CPAN} {
		section, names := sectionOf(m, kind)
		from := len(others)
		for selector, name := range names {
			s := selectionOf(section, selector, name)
			if !s.is(x.DecidedBy) && !s.is(x.Policy) {
				others = append(others, s)
			}
		}
		slices.SortFunc(others[from:], func(a, b selection) int {
			return names[a.Selector].Pos.Compare(names[b.Selector].Pos)
		})
	}
	return others
}

func (s selection) is(other *selection) bool {
	return other != nil && s.Section == other.Section && s.Selector == other.Selector
}
