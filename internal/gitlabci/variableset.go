// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// A VariableSet contains the variables of a job. Most variables are the same in
// all jobs of a pipeline, which share them.
type VariableSet struct {
	shared []Variable // sorted by name; those of own override them
	own    []Variable // sorted by name
}

// NewVariableSet returns a set of variables, whose names must differ.
func NewVariableSet(variables ...Variable) VariableSet {
	return VariableSet{own: slices.SortedFunc(slices.Values(variables), func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })}
}

// All yields the variables, sorted by name.
func (s VariableSet) All() iter.Seq[Variable] {
	return func(yield func(Variable) bool) {
		shared, own := s.shared, s.own
		for len(shared)+len(own) > 0 {
			order := -1 // what comes next: less than 0 is shared, 0 is in both
			switch {
			case len(shared) == 0:
				order = 1
			case len(own) > 0:
				order = cmp.Compare(shared[0].Name, own[0].Name)
			}
			next := &own
			if order < 0 {
				next = &shared
			}
			if !yield((*next)[0]) {
				return
			}
			*next = (*next)[1:]
			if order == 0 {
				shared = shared[1:]
			}
		}
	}
}

// Get returns the variable with a name.
func (s VariableSet) Get(name string) (_ Variable, ok bool) {
	for _, list := range [][]Variable{s.own, s.shared} {
		i, found := slices.BinarySearchFunc(list, name, func(v Variable, name string) int { return strings.Compare(v.Name, name) })
		if found {
			return list[i], true
		}
	}
	return Variable{}, false
}
