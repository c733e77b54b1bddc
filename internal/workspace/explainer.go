// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"context"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// Explainer reads what explanations of a target need: the projects that a
// pattern list selects. For "" these are all projects, including internal ones.
func (w *Workspace) Explainer(ctx context.Context, arches Arches, target, pattern string) (*targets.Explainer, error) {
	all := pattern == ""
	var set *facts.Set
	var names []string
	var err error
	if all {
		set, err = w.Facts()
	} else {
		set, names, err = w.Expand(ctx, pattern)
	}
	if err != nil {
		return nil, err
	}
	t, err := w.Target(target, arches)
	if err != nil {
		return nil, err
	}
	e := &targets.Explainer{Set: set, Target: t}
	if all {
		names = set.ProjectNames()
	}
	for _, name := range names {
		project, err := set.Project(name)
		if err != nil && !all {
			return nil, err
		}
		if err != nil {
			w.warnEach(err)
			continue
		}
		e.Projects = append(e.Projects, project)
	}
	for _, name := range set.InternalNames() {
		if project, err := set.Internal(name); err == nil {
			e.Projects = append(e.Projects, project)
		}
	}
	e.Others = w.everyTarget(t.Host)
	return e, nil
}

func (w *Workspace) everyTarget(host targets.Arch) []targets.Target {
	var list []targets.Target
	catalogue, err := w.Catalogue()
	if err != nil {
		return nil
	}
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			w.warnEach(err)
			continue
		}
		list = append(list, targets.Target{Release: *release, Host: host})
	}
	return list
}

// warnEach prints a warning for each error that err joins.
func (w *Workspace) warnEach(err error) {
	for _, e := range Separate(err) {
		w.o.Warnf("", "%v", e)
	}
}
