// SPDX-License-Identifier: GPL-2.0-or-later

// Package factsimport brings changes of the original's facts into ours.
//
// Compare finds what differs, cell by cell: what a mapping means on one target
// for one architecture. Apply makes the files of a source tree of ours agree.
package factsimport

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// Facts are mappings, projects and targets that belong together.
type Facts struct {
	Set       *facts.Set
	Catalogue *targets.Catalogue
}

// Load reads a tree of facts. targetsLayer holds NAME.yml files.
func Load(layer, targetsLayer facts.Layer) (Facts, error) {
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targetsLayer}})
	if err != nil {
		return Facts{}, err
	}
	layer.Bundled = true
	set, err := facts.Load(facts.Options{Layers: []facts.Layer{layer}, Known: catalogue.Vocabulary})
	return Facts{set, catalogue}, err
}

// A Report is what differs between two sets of facts, sorted.
type Report struct {
	NewTargets   []string    `json:"new_targets"`
	GoneTargets  []string    `json:"gone_targets"`
	Keys         []KeyChange `json:"keys"`
	NewMappings  []string    `json:"new_mappings"`
	GoneMappings []string    `json:"gone_mappings"`
	// Kept lists mappings that only we have and need ourselves.
	Kept  []string `json:"kept_mappings"`
	Cells []Cell   `json:"cells"`
	// Corrected lists intended differences.
	Corrected []Cell `json:"corrected"`
}

// Differs reports whether there is anything to import.
func (r *Report) Differs() bool {
	return len(r.NewTargets)+len(r.GoneTargets)+len(r.Keys)+len(r.NewMappings)+len(r.GoneMappings)+len(r.Cells) > 0
}

// A KeyChange is a value of a target that differs. Ours or theirs may be "".
type KeyChange struct {
	Target string `json:"target"`
	Key    string `json:"key"` // "containers.base"
	Ours   string `json:"ours"`
	Theirs string `json:"theirs"`
}

// A Cell is what a mapping means on a target, as a build machine of some
// architectures or for cross builds on x86_64 for them.
type Cell struct {
	Mapping string         `json:"mapping"`
	Target  string         `json:"target"`
	Cross   bool           `json:"cross"`
	Arches  []targets.Arch `json:"arches"` // nil for every one
	Ours    string         `json:"ours"`   // "-" for nothing; "pypi black" for a package of another kind
	Theirs  string         `json:"theirs"`
}

func (c Cell) String() string {
	where := c.Target
	side := "host"
	if c.Cross {
		side = "cross"
	}
	if c.Arches != nil {
		names := make([]string, len(c.Arches))
		for i, a := range c.Arches {
			names[i] = string(a)
		}
		where += ", " + side + " " + strings.Join(names, " ")
	} else if c.Cross {
		where += ", cross builds"
	}
	return fmt.Sprintf("mapping %s on %s: %s -> %s", c.Mapping, where, c.Ours, c.Theirs)
}

// A place is one cell of one architecture.
type place struct {
	mapping, target string
	cross           bool
	arch            targets.Arch
}

type change struct{ ours, theirs string }

// Compare finds what ours lacks of theirs. corrections is the text of
// our page on corrected facts.
func Compare(ours, theirs Facts, corrections string) (*Report, error) {
	c := comparison{ours: ours, theirs: theirs, corrected: readCorrections(corrections)}
	c.report.NewTargets = missing(theirs.Catalogue.Names(), ours.Catalogue.Names())
	c.report.GoneTargets = missing(ours.Catalogue.Names(), theirs.Catalogue.Names())
	c.report.NewMappings = missing(theirs.Set.MappingNames(), ours.Set.MappingNames())
	gone := missing(ours.Set.MappingNames(), theirs.Set.MappingNames())
	needed, err := needs(ours.Set)
	if err != nil {
		return nil, err
	}
	c.report.GoneMappings, c.report.Kept = []string{}, []string{}
	for _, name := range gone {
		if needed[name] {
			c.report.Kept = append(c.report.Kept, name)
		} else {
			c.report.GoneMappings = append(c.report.GoneMappings, name)
		}
	}
	var errs []error
	for _, name := range theirs.Catalogue.Names() {
		errs = append(errs, c.target(name))
	}
	slices.SortStableFunc(c.report.Cells, func(a, b Cell) int { return strings.Compare(a.Mapping, b.Mapping) })
	return &c.report, errors.Join(errs...)
}

// missing lists the names of one list that the other has not.
func missing(names, from []string) []string {
	out := []string{}
	for _, name := range names {
		if !slices.Contains(from, name) {
			out = append(out, name)
		}
	}
	return out
}

// needs returns the mappings that some project of a set needs.
func needs(set *facts.Set) (map[string]bool, error) {
	needed := map[string]bool{}
	var errs []error
	for _, name := range set.ProjectNames() {
		p, err := set.Project(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, need := range p.Needs {
			needed[need.Mapping] = true
		}
	}
	return needed, errors.Join(errs...)
}

type comparison struct {
	ours, theirs Facts
	corrected    map[place]change
	report       Report
}

// target compares one of their targets with ours of the same name, and all
// mappings that both have on it.
func (c *comparison) target(name string) error {
	theirs, err := c.theirs.Catalogue.Release(name)
	if err != nil {
		return err
	}
	ours := theirs // one that we do not have is as theirs
	if !slices.Contains(c.report.NewTargets, name) {
		if ours, err = c.ours.Catalogue.Release(name); err != nil {
			return err
		}
		c.report.Keys = append(c.report.Keys, compareKeys(name, ours, theirs)...)
	}
	for _, mapping := range c.theirs.Set.MappingNames() {
		if slices.Contains(c.report.NewMappings, mapping) {
			continue
		}
		mine, err1 := c.ours.Set.Mapping(mapping)
		other, err2 := c.theirs.Set.Mapping(mapping)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if err := c.cells(mine, other, ours, machines(theirs)); err != nil {
			return err
		}
	}
	return nil
}

// machines lists a release on every build machine, then its cross builds on
// x86_64.
func machines(r *targets.Release) []targets.Target {
	var list []targets.Target
	for _, arch := range targets.Arches() {
		if t, err := r.For(arch, ""); err == nil && !arch.IsWindows() {
			list = append(list, t)
		}
	}
	for _, arch := range targets.Arches() {
		if t, err := r.For("x86_64", arch); err == nil && arch != "x86_64" {
			list = append(list, t)
		}
	}
	return list
}

// cells compares what a mapping means on the machines of one target.
func (c *comparison) cells(mine, other *facts.Mapping, ours *targets.Release, theirs []targets.Target) error {
	arches := map[change][2][]targets.Arch{} // host, cross
	total := [2]int{}
	for _, t := range theirs {
		side, arch := 0, t.Host
		if t.Cross != "" {
			side, arch = 1, t.Cross
		}
		total[side]++
		own, err := ours.For(t.Host, t.Cross)
		if err != nil {
			return err
		}
		mineIs, err1 := meaning(own, mine)
		otherIs, err2 := meaning(t, other)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if mineIs == otherIs {
			continue
		}
		at := place{mine.Name, t.Name, side == 1, arch}
		if fix, ok := c.corrected[at]; ok && fix == (change{mineIs, otherIs}) {
			c.report.Corrected = append(c.report.Corrected, Cell{mine.Name, t.Name, side == 1, []targets.Arch{arch}, mineIs, otherIs})
			continue
		}
		differs := change{ofAnyArch(mineIs, t), ofAnyArch(otherIs, t)}
		sides := arches[differs]
		sides[side] = append(sides[side], arch)
		arches[differs] = sides
	}
	for _, differs := range sortedChanges(arches) {
		for side, list := range arches[differs] {
			if len(list) == 0 {
				continue
			}
			if len(list) == total[side] {
				list = nil
			}
			c.report.Cells = append(c.report.Cells, Cell{mine.Name, theirs[0].Name, side == 1, list, differs.ours, differs.theirs})
		}
	}
	return nil
}

// ofAnyArch writes "zlib1g-dev:s390x" as "zlib1g-dev:ARCH", so that the cross
// builds for all architectures are one difference.
func ofAnyArch(name string, t targets.Target) string {
	if base, ok := strings.CutSuffix(name, ":"+t.Cross.Deb()); ok && t.Cross != "" {
		return base + ":ARCH"
	}
	return name
}

func sortedChanges(arches map[change][2][]targets.Arch) []change {
	var list []change
	for differs := range arches {
		list = append(list, differs)
	}
	slices.SortFunc(list, func(a, b change) int { return strings.Compare(a.ours+" "+a.theirs, b.ours+" "+b.theirs) })
	return list
}

// meaning is what a mapping means on a target, "-" for nothing. Packages of
// the distribution stand by their names.
func meaning(t targets.Target, m *facts.Mapping) (string, error) {
	p, ok, err := targets.ResolveMapping(t, m)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "-", nil
	case p.Kind == targets.PyPI || p.Kind == targets.CPAN:
		return string(p.Kind) + " " + p.Name, nil
	}
	return p.Name, nil
}

// readCorrections reads the table below the heading "Corrected" of our page:
// mapping, target, side and architecture, the original's value, ours, proof.
func readCorrections(page string) map[place]change {
	all := map[place]change{}
	_, section, _ := strings.Cut(page, "\n## Corrected\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != 6 {
			continue
		}
		if side, arch, ok := strings.Cut(cells[2], " "); ok && (side == "host" || side == "cross") {
			all[place{cells[0], cells[1], side == "cross", targets.Arch(arch)}] = change{ours: cells[4], theirs: cells[3]}
		}
	}
	return all
}
