// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An Owner is the package in an image that contains what a line mentions.
type Owner struct {
	Mention Mention
	Package string // as the image's format calls it
	Path    string // of the file that has it
}

// A Suspect is a package that contains what the first failing line mentions.
type Suspect struct {
	Mention Mention `json:"mention"`
	Name    string  `json:"name"`
	Left    *string `json:"left"`  // version, "" if it is not installed; null if its name there is not known
	Right   *string `json:"right"` // the same
	Same    bool    `json:"same"`  // whether the versions are equal
	Order   int     `json:"order"` // see PackageChange
	Reason  string  `json:"reason"`
}

// mostSuspects limits the packages that are guessed by name.
const mostSuspects = 6

// FailingLine returns the first failing line of the right job, or of the left
// one if only that failed.
func FailingLine(left, right *Input) string {
	for _, in := range []*Input{right, left} {
		if in.Job.State.Bad() && in.Job.Line != "" {
			return in.Job.Line
		}
	}
	return ""
}

type side struct {
	in       *Input
	name     string // "left" or "right"
	versions map[string][]string
}

type pair struct {
	sides  [2]side
	format *Packages // not nil
}

// newPair returns a pair of jobs whose packages are compared in format, which is
// nil if those of one are unknown.
func newPair(left, right *Input, format *Packages) *pair {
	format = cmp.Or(format, &Packages{})
	_, a := parse(left.Job.Packages)
	_, b := parse(right.Job.Packages)
	return &pair{[2]side{{left, "left", a}, {right, "right", b}}, format}
}

// suspects returns the packages that contain what is mentioned, those that
// differ first. They are known from the images' files if the inputs have owners;
// otherwise they are guessed by name.
func (p *pair) suspects(mentions []Mention) []Suspect {
	all := []Suspect{}
	for _, m := range mentions {
		found := p.owning(m)
		if len(found) == 0 {
			found = p.alike(m)
		}
		for _, s := range found {
			if !slices.ContainsFunc(all, func(other Suspect) bool { return other.Name == s.Name }) {
				all = append(all, s)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Suspect) int { return cmp.Compare(same(&a), same(&b)) })
	return all
}

func same(s *Suspect) int {
	if s.Same {
		return 1
	}
	return 0
}

// owning returns the packages whose files contain a mention in one of the
// images.
func (p *pair) owning(m Mention) []Suspect {
	var all []Suspect
	for i := range p.sides {
		for _, o := range p.sides[i].in.Owners {
			if o.Mention == m {
				all = append(all, p.suspect(m, i, p.sides[i].installed(o.Package), fmt.Sprintf("has %s in the image on the %s", o.Path, p.sides[i].name)))
			}
		}
	}
	return all
}

// alike returns packages with names like a mention. It compares whole names
// first.
func (p *pair) alike(m Mention) []Suspect {
	for _, stemOf := range []func(string) string{wholeStem, firstStem} {
		var all []Suspect
		for i := range p.sides {
			for _, name := range slices.Sorted(maps.Keys(p.sides[i].versions)) {
				if stem := stemOf(name); slices.Contains(m.stems(), stem) && len(all) < mostSuspects {
					all = append(all, p.suspect(m, i, name, fmt.Sprintf("its name is like that of the %s", m.Kind)))
				}
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

// installed returns the name in the package list for a name such as
// "zlib1g-dev:amd64".
func (s *side) installed(name string) string {
	if _, ok := s.versions[name]; ok {
		return name
	}
	bare, _, _ := strings.Cut(name, ":")
	return bare
}

// suspect describes a package of one side with its versions on both.
func (p *pair) suspect(m Mention, own int, name, reason string) Suspect {
	names := [2]string{name, name}
	if !p.format.Comparable() {
		names[1-own] = p.called(own, name)
	}
	s := Suspect{Mention: m, Name: names[0], Left: p.version(0, names[0]), Right: p.version(1, names[1]), Reason: reason}
	switch {
	case names[0] == "":
		s.Name = names[1]
	case names[1] != "" && names[1] != names[0]:
		s.Name += ", " + names[1]
	}
	if s.Left != nil && s.Right != nil && *s.Left != "" && *s.Right != "" {
		s.Same = *s.Left == *s.Right || !p.format.Comparable() && upstream(*s.Left) == upstream(*s.Right)
		if !s.Same {
			s.Order = p.format.order(*s.Left, *s.Right)
		}
	}
	return s
}

// called returns the name of a package on the other side, or "".
func (p *pair) called(own int, name string) string {
	for _, generic := range slices.Sorted(maps.Keys(p.sides[own].in.Generic)) {
		if p.sides[own].in.Generic[generic] == name {
			return p.sides[1-own].in.Generic[generic]
		}
	}
	return ""
}

// version returns the version of a package, "" if it is not installed, and nil if
// that is not known.
func (p *pair) version(side int, name string) *string {
	if name == "" || len(p.sides[side].versions) == 0 {
		return nil
	}
	v := strings.Join(p.sides[side].versions[name], ", ")
	return &v
}
