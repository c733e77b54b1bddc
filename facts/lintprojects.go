// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// lintProjects records the needs of a layer's projects, and checks them if check
// is true.
func (l *linter) lintProjects(layer Layer, check bool) {
	quiet := len(l.findings)
	files, err := layer.Files("projects")
	l.report(err)
	if layer.Bundled {
		internal, err := layer.Files("projects/internal")
		l.report(err)
		files = append(files, internal...)
	}
	for _, file := range files {
		data, err := layer.Read(file)
		if err != nil {
			l.report(err)
			continue
		}
		l.lintProject(layer.Path(file), data)
	}
	if !check {
		l.findings = l.findings[:quiet]
	}
}

func (l *linter) lintProject(file string, data []byte) {
	items, ignored, err := decodeItems(file, data)
	l.report(err)
	for _, f := range ignored {
		l.report(f)
	}
	names := slices.Collect(maps.Keys(l.names))
	seen := map[string]Position{}
	for i, item := range items {
		name := item.Mapping
		l.needed[name] = true
		if first, ok := seen[name]; ok {
			l.errorf(item.Pos, "%s appears twice, first in line %d", yamldoc.Quote(name), first.Line)
			continue
		}
		seen[name] = item.Pos
		if !l.names[name] {
			l.errorf(item.Pos, "mapping %s is not there%s", yamldoc.Quote(name), DidYouMean(name, names))
		}
		if i > 0 && name < items[i-1].Mapping {
			l.errorf(item.Pos, "%s stands after %s", yamldoc.Quote(name), yamldoc.Quote(items[i-1].Mapping))
		}
	}
}
