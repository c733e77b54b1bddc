// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// Separate lists the errors that err joins. It also splits an error that wraps
// several errors of one file, so that each is printed on its own line.
func Separate(err error) []error {
	var all []error
	wrap := func(inner error, again func(error) error) []error {
		parts := Separate(inner)
		if len(parts) < 2 {
			return []error{err}
		}
		for _, e := range parts {
			all = append(all, again(e))
		}
		return all
	}
	switch e := err.(type) { //nolint:errorlint // only the outermost wrapping is taken apart
	case interface{ Unwrap() []error }:
		for _, e := range e.Unwrap() {
			all = append(all, Separate(e)...)
		}
		return all
	case *facts.MappingsError:
		return wrap(e.Err, func(one error) error { return &facts.MappingsError{Err: one} })
	case *facts.ProjectError:
		return wrap(e.Err, func(one error) error {
			return &facts.ProjectError{Project: e.Project, Location: e.Location, Err: one}
		})
	case *targets.Error:
		return wrap(e.Err, func(one error) error { return &targets.Error{Target: e.Target, Err: one} })
	case *targets.ResolveError:
		return wrap(e.Err, func(one error) error { return &targets.ResolveError{Need: e.Need, Err: one} })
	}
	return []error{err}
}
