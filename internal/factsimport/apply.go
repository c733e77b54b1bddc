// SPDX-License-Identifier: GPL-2.0-or-later

package factsimport

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// sections are where a mapping's names can be, in the order of our files.
var sections = [...]string{"mappings", "pypi_mappings", "cpan_mappings"} //nolint:gochecknoglobals // a table that nothing writes to

func namesOf(m *facts.Mapping, section int) facts.Names {
	return [...]facts.Names{m.Native, m.PyPI, m.CPAN}[section]
}

// Apply makes the files below tree, a source tree of ours with facts/mappings
// and targets, agree with theirs where the report says so. It keeps the order
// of the files and their comments. files are those that were written or
// removed, sorted.
func Apply(tree string, ours, theirs Facts, r *Report) (files []string, err error) {
	e := &editor{tree: tree, ours: ours, theirs: theirs, texts: map[string]*mappingFile{}}
	if err := e.readMappings(); err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range r.NewTargets {
		errs = append(errs, e.newTarget(name))
	}
	for _, change := range r.Keys {
		errs = append(errs, e.changeKey(change))
	}
	for _, name := range r.GoneTargets {
		e.changed = append(e.changed, "targets/"+name+".yml")
		errs = append(errs, os.Remove(filepath.Join(tree, "targets", name+".yml")))
	}
	for _, name := range e.differing(r) {
		errs = append(errs, e.change(name, r.Corrected))
	}
	for _, name := range r.GoneMappings {
		for section := range sections {
			e.replace(section, name, nil)
		}
	}
	errs = append(errs, e.writeMappings())
	slices.Sort(e.changed)
	return slices.Compact(e.changed), errors.Join(errs...)
}

type editor struct {
	tree         string
	ours, theirs Facts
	texts        map[string]*mappingFile // by name below facts/mappings
	changed      []string
	machines     []targets.Target
}

// differing lists the mappings that are to be written, sorted.
func (e *editor) differing(r *Report) []string {
	names := slices.Clone(r.NewMappings)
	for _, c := range r.Cells {
		names = append(names, c.Mapping)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// change writes a mapping so that it means what theirs does, but for what is
// corrected. Our own selectors are changed where that is enough.
func (e *editor) change(name string, corrected []Cell) error {
	theirs, err := e.theirs.Set.Mapping(name)
	if err != nil {
		return err
	}
	want, err := e.meanings(theirs)
	if err != nil {
		return err
	}
	for _, cell := range corrected {
		if cell.Mapping == name {
			want[place{name, cell.Target, cell.Cross, cell.Arches[0]}] = cell.Ours
		}
	}
	var m *facts.Mapping
	keep := theirs // whose selectors stay as they are
	if slices.Contains(e.ours.Set.MappingNames(), name) {
		if m, err = e.adapt(name, theirs, want); err != nil {
			return err
		}
		if m != nil {
			if keep, err = e.ours.Set.Mapping(name); err != nil {
				return err
			}
		}
	}
	if m == nil {
		m = clone(theirs)
		for _, cell := range corrected {
			if cell.Mapping == name {
				if err := e.correct(m, cell); err != nil {
					return err
				}
			}
		}
	}
	for section := range sections {
		if err := e.prune(m, namesOf(m, section), namesOf(keep, section), want); err != nil {
			return err
		}
		e.replace(section, name, namesOf(m, section))
	}
	got, err := e.meanings(m)
	if err == nil && !maps.Equal(got, want) {
		err = fmt.Errorf("mapping %s: cannot keep its corrections: change it by hand", name)
	}
	return err
}

func clone(m *facts.Mapping) *facts.Mapping {
	copied := *m
	copied.Native, copied.PyPI, copied.CPAN = maps.Clone(m.Native), maps.Clone(m.PyPI), maps.Clone(m.CPAN)
	for _, names := range []*facts.Names{&copied.Native, &copied.PyPI, &copied.CPAN} {
		if *names == nil {
			*names = facts.Names{}
		}
	}
	return &copied
}

// adapt changes our selectors that decide cells which are not as wanted, one
// cell after another. It gives nil when that leads nowhere.
func (e *editor) adapt(name string, theirs *facts.Mapping, want map[place]string) (*facts.Mapping, error) {
	ours, err := e.ours.Set.Mapping(name)
	if err != nil {
		return nil, err
	}
	m := clone(ours)
	for progress := true; progress; {
		progress = false
		for _, t := range e.allMachines() {
			is, err := meaning(t, m)
			if err != nil {
				return nil, err
			}
			if is != want[placeOf(name, t)] && adaptCell(m, theirs, t) {
				progress = true
			}
		}
	}
	got, err := e.meanings(m)
	if err != nil || !maps.Equal(got, want) {
		return nil, err
	}
	return m, nil
}

// adaptCell lets theirs decide one cell. It reports whether that changed m.
func adaptCell(m, theirs *facts.Mapping, t targets.Target) bool {
	changed := false
	for section, lists := range [][][]string{
		{targets.Selectors(t, targets.Native), targets.Selectors(t, targets.Foreign), targets.PolicySelectors(t)},
		{targets.Selectors(t, targets.PyPI)},
		{targets.Selectors(t, targets.CPAN)},
	} {
		own, other := namesOf(m, section), namesOf(theirs, section)
		for _, selectors := range lists {
			decides, value, ok := other.Lookup(selectors...)
			if mine, _, had := own.Lookup(selectors...); had && mine != decides {
				if _, both := other[mine]; !both {
					delete(own, mine)
					changed = true
				}
			}
			if was, has := own[decides]; ok && (!has || was.Package != value.Package || was.Null != value.Null) {
				own[decides] = value
				changed = true
			}
		}
	}
	return changed
}

// correct adds the selectors of ours that decide a corrected cell.
func (e *editor) correct(m *facts.Mapping, cell Cell) error {
	ours, err := e.ours.Set.Mapping(cell.Mapping)
	if err != nil {
		return err
	}
	release, err := e.theirs.Catalogue.Release(cell.Target)
	if err != nil {
		return err
	}
	host, cross := cell.Arches[0], targets.Arch("")
	if cell.Cross {
		host, cross = "x86_64", cell.Arches[0]
	}
	t, err := release.For(host, cross)
	if err != nil {
		return err
	}
	for _, kind := range []targets.Kind{targets.Native, targets.Foreign} {
		if selector, value, ok := ours.Native.Lookup(targets.Selectors(t, kind)...); ok && (kind == targets.Foreign) == cell.Cross {
			m.Native[selector] = value
		}
	}
	return nil
}

// prune removes selectors without which every cell stays as it is, but those
// to keep.
func (e *editor) prune(m *facts.Mapping, names, keep facts.Names, want map[place]string) error {
	for _, selector := range slices.Backward(slices.Sorted(maps.Keys(names))) {
		if _, ok := keep[selector]; ok {
			continue
		}
		value := names[selector]
		delete(names, selector)
		got, err := e.meanings(m)
		if err != nil || !maps.Equal(got, want) {
			names[selector] = value
		}
	}
	return nil
}

// meanings is what a mapping means on all their targets.
func (e *editor) meanings(m *facts.Mapping) (map[place]string, error) {
	all := map[place]string{}
	for _, t := range e.allMachines() {
		text, err := meaning(t, m)
		if err != nil {
			return nil, err
		}
		all[placeOf(m.Name, t)] = text
	}
	return all, nil
}

// allMachines lists the machines of all their targets, which Compare has read.
func (e *editor) allMachines() []targets.Target {
	if e.machines == nil {
		for _, name := range e.theirs.Catalogue.Names() {
			if release, err := e.theirs.Catalogue.Release(name); err == nil {
				e.machines = append(e.machines, machines(release)...)
			}
		}
	}
	return e.machines
}

func placeOf(mapping string, t targets.Target) place {
	if t.Cross != "" {
		return place{mapping, t.Name, true, t.Cross}
	}
	return place{mapping, t.Name, false, t.Host}
}

// newTarget writes the file of a target that we do not have.
func (e *editor) newTarget(name string) error {
	release, err := e.theirs.Catalogue.Release(name)
	if err != nil {
		return err
	}
	var b strings.Builder
	group := ""
	for _, v := range keyValues(release) {
		of, key, _ := strings.Cut(v.key, ".")
		if v.value == "" {
			continue
		}
		if of != group {
			group = of
			b.WriteString(of + ":\n")
		}
		b.WriteString("  " + key + ": " + yamlValue(v) + "\n")
	}
	return e.write("targets/"+name+".yml", b.String())
}

func yamlValue(v keyValue) string {
	switch v.key {
	case "os.version":
		return "'" + v.value + "'"
	case "os.stable":
		return v.value
	case "packaging.repos":
		if !strings.ContainsAny(v.value, ",[]{}") {
			return "[" + strings.ReplaceAll(v.value, " ", ", ") + "]"
		}
		list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, repo := range strings.Fields(v.value) {
			list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: repo})
		}
		return marshal(list)
	}
	return scalar(v.value)
}

// scalar writes a string as a value of YAML.
func scalar(s string) string { return marshal(s) }

// marshal writes a string or a list of strings as YAML.
func marshal(value any) string {
	text, err := yaml.Marshal(value)
	if err != nil { // strings can be written
		panic(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

// changeKey puts another value into a target's file.
func (e *editor) changeKey(c KeyChange) error {
	file := "targets/" + c.Target + ".yml"
	data, err := os.ReadFile(filepath.Join(e.tree, file))
	if err != nil {
		return err
	}
	group, key, _ := strings.Cut(c.Key, ".")
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	at := slices.Index(lines, group+":")
	if at < 0 {
		at = len(lines)
		lines = append(lines, group+":")
	}
	end := at + 1
	for end < len(lines) && strings.HasPrefix(lines[end], " ") {
		end++
	}
	own := slices.IndexFunc(lines[at:end], func(line string) bool { return strings.HasPrefix(line, "  "+key+":") })
	line := "  " + key + ": " + yamlValue(keyValue{c.Key, c.Theirs})
	switch {
	case own >= 0 && c.Theirs == "":
		lines = slices.Delete(lines, at+own, at+own+1)
	case own >= 0:
		lines[at+own] = line
	default:
		lines = slices.Insert(lines, end, line)
	}
	return e.write(file, strings.Join(lines, "\n")+"\n")
}

func (e *editor) write(file, text string) error {
	e.changed = append(e.changed, file)
	path := filepath.Join(e.tree, filepath.FromSlash(file))
	return renameio.WriteFile(path, []byte(text), 0o644, renameio.WithTempDir(filepath.Dir(path)))
}
