// SPDX-License-Identifier: GPL-2.0-or-later

package factscheck

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// wantedNames are the package names that facts expect in the index of one
// architecture.
type wantedNames struct {
	arch  targets.Arch
	cross bool // nothing is wanted but for cross compiling
	uses  map[string]map[Use]bool
}

// A Use is a line of facts that gives a package name.
type Use struct {
	Mapping  string `json:"mapping"`
	Selector string `json:"selector"`
	File     string `json:"file"`
	Line     int    `json:"line"`
}

func (w *wantedNames) sorted() []string { return slices.Sorted(maps.Keys(w.uses)) }

// usesOf lists the lines that give a name, in the order of the files.
func (w *wantedNames) usesOf(name string) []Use {
	return slices.SortedFunc(maps.Keys(w.uses[name]), func(a, b Use) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Mapping, b.Mapping), strings.Compare(a.Selector, b.Selector))
	})
}

// names resolves all mappings on a target, as a build machine and for cross
// compiling. The lists are in the order of their architectures' names, that
// of this machine first.
func (c *Checker) names(release *targets.Release) ([]*wantedNames, error) {
	own, err := workspace.HostArch("")
	if err != nil {
		return nil, err
	}
	g := gatherer{Checker: c, release: release, own: own, lists: map[targets.Arch]*wantedNames{}}
	arches := c.Arches
	if len(arches) == 0 {
		arches = append([]targets.Arch{own}, targets.Arches()...)
	}
	for _, arch := range arches {
		if !arch.IsWindows() && (arch == own || len(c.Arches) > 0) {
			g.gather(arch, "")
		}
		if arch != own {
			g.gather(own, arch)
		}
		if !arch.IsWindows() && len(c.Arches) > 0 {
			g.gatherCompilers(arch)
		}
	}
	if len(c.Arches) > 0 {
		maps.DeleteFunc(g.lists, func(a targets.Arch, _ *wantedNames) bool {
			return !slices.Contains(c.Arches, a) && !windowsOn(c.Arches, a, own)
		})
	}
	lists := slices.SortedFunc(maps.Values(g.lists), func(a, b *wantedNames) int {
		switch own { // comes first
		case a.arch:
			return -1
		case b.arch:
			return 1
		}
		return cmp.Compare(a.arch, b.arch)
	})
	return lists, errors.Join(g.errs...)
}

// windowsOn reports whether a is where packages for Windows, which were asked
// for, come from.
func windowsOn(asked []targets.Arch, a, own targets.Arch) bool {
	return a == own && slices.ContainsFunc(asked, targets.Arch.IsWindows)
}

// A gatherer collects names by the index that should have them.
type gatherer struct {
	*Checker
	release *targets.Release
	own     targets.Arch
	lists   map[targets.Arch]*wantedNames
	errs    []error
}

// gather resolves all mappings for one pair of architectures, none when the
// target cannot be built for it.
func (g *gatherer) gather(host, cross targets.Arch) {
	target, err := g.release.For(host, cross)
	if err != nil {
		return
	}
	for _, mapping := range g.Set.MappingNames() {
		p, ok, err := targets.Resolve(g.Set, target, mapping)
		switch {
		case err != nil:
			g.errs = append(g.errs, err)
		case ok && p.Kind == targets.Native && cross == "":
			g.add(host, p)
		case ok && p.Kind == targets.Foreign && strings.HasSuffix(p.Name, ":"+cross.Deb()):
			g.add(cross, p)
		case ok && p.Kind == targets.Foreign: // runs on the host: a cross compiler, MinGW
			g.add(host, p)
		}
	}
}

// gatherCompilers resolves what a build machine needs from its own index to
// compile for each architecture that the release has compilers for.
func (g *gatherer) gatherCompilers(host targets.Arch) {
	for _, cross := range g.release.Compilers[host] {
		target, err := g.release.For(host, cross)
		if err != nil {
			continue
		}
		for _, mapping := range []string{"gcc", "g++"} {
			p, ok, err := targets.Resolve(g.Set, target, mapping)
			if ok && err == nil && p.Kind == targets.Foreign {
				g.add(host, p)
			}
		}
	}
}

func (g *gatherer) add(arch targets.Arch, p targets.Package) {
	list := g.lists[arch]
	if list == nil {
		list = &wantedNames{arch: arch, cross: arch != g.own, uses: map[string]map[Use]bool{}}
		g.lists[arch] = list
	}
	if list.uses[p.Name] == nil {
		list.uses[p.Name] = map[Use]bool{}
	}
	list.uses[p.Name][Use{p.Mapping, p.Selector, p.Pos.File, p.Pos.Line}] = true
}
