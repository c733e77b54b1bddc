// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// lintMappings records the mappings of a layer, and checks them if check is
// true.
func (l *linter) lintMappings(layer Layer, check bool) {
	quiet := len(l.findings)
	files, err := mappingFiles(layer)
	l.report(err)
	table := map[string][]entry{}
	for _, file := range files {
		data, err := layer.Read(file)
		if err != nil {
			l.report(err)
			continue
		}
		all, entries, repeats, err := readMappings(layer.Path(file), data)
		l.report(err)
		l.reportAll(repeats)
		l.lintSections(all)
		for i, e := range entries {
			if f := addEntry(table, e); f != nil {
				l.report(f)
			}
			l.names[e.name] = true
			l.native[e.name] = l.native[e.name] || e.section == nativeSection
			if !check {
				continue
			}
			if i > 0 && entries[i-1].section == e.section && e.name < entries[i-1].name {
				l.note(e.pos, "%s: %s stands after %s", e.section, yamldoc.Quote(e.name), yamldoc.Quote(entries[i-1].name))
			}
			l.lintEntry(&e)
			if !layer.Bundled {
				l.own = append(l.own, e)
			}
		}
	}
	if !check {
		l.findings = l.findings[:quiet]
	}
}

func (l *linter) lintSections(all []section) {
	for _, of := range all {
		if f := of.check(); f != nil {
			l.report(f)
		}
	}
}

// lintEntry checks the selectors and names of one mapping.
func (l *linter) lintEntry(e *entry) {
	if e.value.IsNull() {
		return
	}
	fields, err := e.value.Mapping()
	l.report(err)
	for i, f := range fields {
		name, err := decodeName(f)
		l.report(err)
		if e.section == nativeSection && strings.ContainsRune(name.Package, ' ') {
			l.note(f.Pos, "mapping %s: package name %s has a blank in it and cannot stand in a shell list", yamldoc.Quote(e.name), yamldoc.Quote(name.Package))
		}
		if err := l.known.check(e.section, f.Key); err != nil {
			l.errorf(f.Pos, "mapping %s: %v", yamldoc.Quote(e.name), err)
			continue
		}
		if strings.HasPrefix(f.Key, policyPrefix) && err == nil && !slices.Contains(policies(), name.Package) {
			l.errorf(f.Pos, "mapping %s: %s is %s, expected one of %s", yamldoc.Quote(e.name), f.Key, yamldoc.Quote(name.Package), strings.Join(policies(), ", "))
		}
		if i > 0 && l.known.Before(f.Key, fields[i-1].Key) {
			l.errorf(f.Pos, "mapping %s: selector %s stands after %s", yamldoc.Quote(e.name), f.Key, yamldoc.Quote(fields[i-1].Key))
		}
	}
}

func policies() []string { return []string{"native", "foreign", "skip"} }

// Before reports whether selector a must precede b: general selectors precede
// specific ones; those of one level are sorted by byte.
func (v Vocabulary) Before(a, b string) bool {
	if x, y := v.level(a), v.level(b); x != y {
		return x < y
	}
	return a < b
}

func (v Vocabulary) level(selector string) int {
	_, distribution := v.Distributions[selector]
	switch {
	case selector == "default":
		return 0
	case slices.Contains(v.Formats, selector):
		return 1
	case distribution:
		return 2
	case strings.HasPrefix(selector, policyPrefix):
		return 6
	case strings.HasPrefix(selector, crossPrefix):
		return 5
	case strings.Contains(selector, "-"):
		return 4
	}
	return 3
}

// lintUse reports mappings without effect, here or in the original lcitool.
func (l *linter) lintUse(e entry) {
	if !l.native[e.name] {
		l.note(e.pos, "%s: %s is not in mappings, where the original lcitool wants it too", e.section, yamldoc.Quote(e.name))
	}
	if e.section == nativeSection && !l.needed[e.name] {
		l.note(e.pos, "mapping %s: no project needs it", yamldoc.Quote(e.name))
	}
}
