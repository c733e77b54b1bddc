// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

// A Kind says what installs a package.
type Kind string

const (
	Native  Kind = "native"  // the distribution, for the host
	Foreign Kind = "foreign" // the distribution, for the cross architecture
	PyPI    Kind = "pypi"    // pip
	CPAN    Kind = "cpan"    // cpanm
)

// A Package is the package of a mapping on a target.
type Package struct {
	Mapping  string
	Kind     Kind
	Name     string         // "zlib1g-dev:s390x"
	Selector string         // that decided
	Pos      facts.Position // of the selector
}

// A policy says which package a mapping has when cross compiling.
type policy string

const (
	policyNative  policy = "native"  // package of the build machine
	policyForeign policy = "foreign" // package of the other architecture
	policySkip    policy = "skip"    // no package
)

// A PolicyError reports an unknown cross policy.
type PolicyError struct{ *facts.Problem }

// Resolve returns the package of a mapping on t. ok is false if there is none.
// The error wraps facts.ErrNoMapping for an unknown mapping.
func Resolve(set *facts.Set, t Target, mapping string) (p Package, ok bool, err error) {
	return newResolver(set, t).resolve(mapping)
}

// ResolveMapping is Resolve for a mapping that was already read.
func ResolveMapping(t Target, m *facts.Mapping) (p Package, ok bool, err error) {
	return newResolver(nil, t).resolveMapping(m)
}

type resolver struct {
	set    *facts.Set
	target Target

	host, foreign, policy []string // selectors that can decide
}

func newResolver(set *facts.Set, t Target) *resolver {
	r := &resolver{set: set, target: t, host: Selectors(t, Native)}
	if t.Cross != "" {
		r.foreign, r.policy = Selectors(t, Foreign), PolicySelectors(t)
	}
	return r
}

func (r *resolver) resolve(mapping string) (p Package, ok bool, err error) {
	m, err := r.set.Mapping(mapping)
	if err != nil {
		return Package{}, false, err
	}
	return r.resolveMapping(m)
}

func (r *resolver) resolveMapping(m *facts.Mapping) (p Package, ok bool, err error) {
	if r.target.Cross != "" {
		chosen, err := r.crossPolicy(m)
		switch {
		case err != nil:
			return Package{}, false, err
		case chosen == policySkip:
			return Package{}, false, nil
		case chosen == policyForeign:
			p, ok = r.foreignPackage(m)
			return p, ok, nil
		}
	}
	for _, kind := range [...]Kind{Native, PyPI, CPAN} {
		if p, ok = lookup(m, kind, r.host); ok {
			return p, true, nil
		}
	}
	return Package{}, false, nil
}

func lookup(m *facts.Mapping, kind Kind, selectors []string) (Package, bool) {
	names := m.Native
	switch kind {
	case PyPI:
		names = m.PyPI
	case CPAN:
		names = m.CPAN
	}
	selector, name, ok := names.Lookup(selectors...)
	if !ok || name.Null {
		return Package{}, false
	}
	return Package{Mapping: m.Name, Kind: kind, Name: name.Package, Selector: selector, Pos: name.Pos}, true
}

// foreignPackage returns the package for the cross architecture. In Debian's
// multiarch, the architecture is appended to the name, except for compilers,
// which run on the host.
func (r *resolver) foreignPackage(m *facts.Mapping) (Package, bool) {
	p, ok := lookup(m, Foreign, r.foreign)
	switch {
	case !ok || r.target.Packaging.Format != "deb":
	case m.Name != "gcc" && m.Name != "g++":
		p.Name += ":" + r.target.Cross.Deb()
	case r.target.Cross == r.target.Host && r.target.lacks(p):
		// Only the native package has the names with a triplet.
		p, ok = lookup(m, Native, r.host)
		p.Kind = Foreign
	}
	return p, ok
}

// lacks reports whether p is a cross compiler that the Debian release does not
// have for the host's architecture.
func (t Target) lacks(p Package) bool {
	triplet := strings.ReplaceAll(t.Cross.ABI(), "_", "-")
	return t.Compilers != nil && strings.HasSuffix(p.Name, "-"+triplet) && !slices.Contains(t.Compilers[t.Host], t.Cross)
}

// Selectors returns the selectors that can decide about a package of a kind on
// t, most specific first.
func Selectors(t Target, kind Kind) []string {
	base := t.selectors()
	if kind != Foreign {
		return append(prefixed(string(t.Host)+"-", base), base...)
	}
	all := prefixed("cross-"+string(t.Cross)+"-", base)
	if t.Packaging.Format != "deb" {
		return all
	}
	return append(append(all, prefixed(string(t.Cross)+"-", base)...), base...)
}

// PolicySelectors returns the selectors that can decide about the cross policy.
func PolicySelectors(t Target) []string {
	return prefixed("cross-policy-", t.selectors())
}

func prefixed(prefix string, selectors []string) []string {
	out := make([]string, len(selectors), 3*len(selectors))
	for i, s := range selectors {
		out[i] = prefix + s
	}
	return out
}

func (r *resolver) crossPolicy(m *facts.Mapping) (policy, error) {
	selector, name, ok := m.Native.Lookup(r.policy...)
	if !ok {
		return policyNative, nil
	}
	switch p := policy(name.Package); p {
	case policyNative, policyForeign, policySkip:
		return p, nil
	}
	problem := diag.Errorf(name.Pos, "mapping %q: %s is %q, expected native, foreign or skip", m.Name, selector, name.Package)
	return "", &PolicyError{problem}
}
