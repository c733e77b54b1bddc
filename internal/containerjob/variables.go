// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"maps"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// variables are the variables of a shell. Subshells and branches have copies, so
// what commands have changed is kept apart from the variables of the job.
type variables struct {
	job     gitlabci.VariableSet
	changed map[string]changedVariable
}

type changedVariable struct {
	value string
	unset bool
}

func (v *variables) clone() variables { return variables{v.job, maps.Clone(v.changed)} }

// get returns a value that is not longer than maxValue, see set.
func (v *variables) get(name string) (value string, ok bool) {
	if c, changed := v.changed[name]; changed {
		return c.value, !c.unset
	}
	own, ok := v.job.Get(name)
	return limited(own.Value), ok
}

// value returns a value, "" for a variable that is not set.
func (v *variables) value(name string) string {
	value, _ := v.get(name)
	return value
}

// set sets a variable. Long values become unknown, because repetition lets them
// grow.
func (v *variables) set(name, value string) { v.change(name, changedVariable{value: limited(value)}) }

func (v *variables) unset(name string) { v.change(name, changedVariable{unset: true}) }

func (v *variables) change(name string, c changedVariable) {
	if v.changed == nil {
		v.changed = map[string]changedVariable{}
	}
	v.changed[name] = c
}

func limited(value string) string {
	if len(value) > maxValue {
		return unknownText
	}
	return value
}

// join makes variables unknown that other has with another value, or has not.
func (v *variables) join(other *variables) {
	for _, changed := range []map[string]changedVariable{other.changed, v.changed} {
		for name := range changed {
			here, set := v.get(name)
			there, also := other.get(name)
			if also && there != here || set && !also {
				v.set(name, unknownText)
			}
		}
	}
}

// names returns the names of the variables that are set.
func (v *variables) names() []string {
	var out []string
	for own := range v.job.All() {
		if _, changed := v.changed[own.Name]; !changed {
			out = append(out, own.Name)
		}
	}
	for name, c := range v.changed {
		if !c.unset {
			out = append(out, name)
		}
	}
	return out
}
