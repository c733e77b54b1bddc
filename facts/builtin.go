// SPDX-License-Identifier: GPL-2.0-or-later

package facts

// A builtInSection is a section of a file of the built-in mappings. A table of
// them is generated from the YAML, because reading that takes longer than all
// else that most commands do with the facts. In these files each name and each
// selector has a line of its own.
type builtInSection struct {
	file    string // in messages
	name    string
	line    int // the first one of the first entry
	entries []builtInEntry
}

type builtInEntry struct {
	name  string
	skip  int // blank lines and comments before it
	names []builtInName
}

// A builtInName is a selector with the package that it stands for, "" for null.
type builtInName struct{ selector, pkg string }

// Columns of the names of built-in mappings and of their selectors.
const (
	nameColumn     = 3
	selectorColumn = 5
)

// builtInEntries returns the built-in mappings as loadMappings does.
func builtInEntries() map[string][]entry {
	table := map[string][]entry{}
	for i := range builtInTable {
		s := &builtInTable[i]
		line := s.line
		for j := range s.entries {
			b := &s.entries[j]
			line += b.skip
			pos := Position{File: s.file, Line: line, Column: nameColumn}
			table[b.name] = append(table[b.name], entry{section: s.name, name: b.name, pos: pos, builtIn: b.names})
			line += 1 + len(b.names)
		}
	}
	return table
}

// addBuiltIn adds the selectors of a built-in entry that names does not have yet.
func addBuiltIn(e *entry, names Names) {
	for i, n := range e.builtIn {
		if _, nearer := names[n.selector]; !nearer {
			pos := Position{File: e.pos.File, Line: e.pos.Line + 1 + i, Column: selectorColumn}
			names[n.selector] = Name{Package: n.pkg, Null: n.pkg == "", Pos: pos}
		}
	}
}
