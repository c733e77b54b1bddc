// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"maps"
	"slices"
)

// A Difference is a mapping with different packages on two targets.
type Difference struct {
	Mapping string     `json:"mapping"`
	Left    *Installed `json:"left"` // null when there is none
	Right   *Installed `json:"right"`
}

// Installed is what a mapping installs.
type Installed struct {
	Kind    Kind   `json:"kind"`
	Package string `json:"package"`
}

// Differences returns the mappings with different packages, sorted.
func Differences(left, right map[string]Package) []Difference {
	mappings := slices.Concat(slices.Collect(maps.Keys(left)), slices.Collect(maps.Keys(right)))
	slices.Sort(mappings)
	differences := []Difference{}
	for _, mapping := range slices.Compact(mappings) {
		d := Difference{mapping, installed(left, mapping), installed(right, mapping)}
		if d.Left == nil || d.Right == nil || *d.Left != *d.Right {
			differences = append(differences, d)
		}
	}
	return differences
}

func installed(packages map[string]Package, mapping string) *Installed {
	p, ok := packages[mapping]
	if !ok {
		return nil
	}
	return &Installed{p.Kind, p.Name}
}

func (p *Installed) String() string {
	switch {
	case p == nil:
		return "-"
	case p.Kind == PyPI, p.Kind == CPAN:
		return fmt.Sprintf("%s (%s)", p.Package, p.Kind)
	}
	return p.Package
}
