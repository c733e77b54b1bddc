// SPDX-License-Identifier: GPL-2.0-or-later

package factsimport

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A mappingFile is a file of ours by its lines: a name per line at two blanks
// below a section, its selectors at four.
type mappingFile struct {
	name    string // below the tree
	lines   []string
	changed bool
}

func (e *editor) readMappings() error {
	found := safefs.Glob(e.tree, "facts/mappings/*.yml")
	if len(found) == 0 {
		return fmt.Errorf("%s has no facts/mappings/*.yml: %w", e.tree, os.ErrNotExist)
	}
	for _, file := range found {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name := "facts/mappings/" + filepath.Base(file)
		e.texts[name] = &mappingFile{name: name, lines: strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")}
	}
	return nil
}

func (e *editor) writeMappings() error {
	for _, name := range slices.Sorted(maps.Keys(e.texts)) {
		if f := e.texts[name]; f.changed {
			if err := e.write(name, strings.Join(f.lines, "\n")+"\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

// section returns the lines below a heading; ok is false if it is not there.
func (f *mappingFile) section(name string) (start, end int, ok bool) {
	start = slices.Index(f.lines, name+":") + 1
	if start == 0 {
		return 0, 0, false
	}
	end = start
	for end < len(f.lines) && (f.lines[end] == "" || f.lines[end][0] == ' ') {
		end++
	}
	for end > start && f.lines[end-1] == "" {
		end--
	}
	return start, end, true
}

// entry returns the lines of a mapping, without comments before it.
func (f *mappingFile) entry(section, name string) (start, end int, ok bool) {
	from, to, ok := f.section(section)
	if !ok {
		return 0, 0, false
	}
	i := slices.Index(f.lines[from:to], "  "+name+":")
	if i < 0 {
		return 0, 0, false
	}
	start = from + i
	end = start + 1
	for end < to && strings.HasPrefix(f.lines[end], "    ") {
		end++
	}
	return start, end, true
}

// replace changes the names of a mapping in one section; no names remove it there,
// with the comments before it.
func (e *editor) replace(section int, name string, names facts.Names) {
	heading := sections[section]
	for _, file := range slices.Sorted(maps.Keys(e.texts)) {
		f := e.texts[file]
		start, end, ok := f.entry(heading, name)
		if !ok {
			continue
		}
		block := e.block(f.lines[start:end], name, names)
		if len(names) == 0 {
			for block = nil; strings.HasPrefix(f.lines[start-1], "  # "); {
				start--
			}
		}
		if !slices.Equal(block, f.lines[start:end]) {
			f.lines = slices.Replace(f.lines, start, end, block...)
			f.changed = true
		}
		return
	}
	if len(names) > 0 {
		e.insert(heading, name, e.block(nil, name, names))
	}
}

// block writes an entry. Comments among the old lines stay before their
// selectors, and go with them.
func (e *editor) block(old []string, name string, names facts.Names) []string {
	comments := map[string][]string{}
	var pending []string
	for _, line := range old {
		if strings.HasPrefix(line, "    #") {
			pending = append(pending, line)
		} else if selector, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && pending != nil {
			comments[selector], pending = pending, nil
		}
	}
	out := []string{"  " + name + ":"}
	vocabulary := e.theirs.Catalogue.Vocabulary()
	for _, selector := range slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		switch {
		case vocabulary.Before(a, b):
			return -1
		case vocabulary.Before(b, a):
			return 1
		}
		return 0
	}) {
		out = append(out, comments[selector]...)
		line := "    " + selector + ":"
		if n := names[selector]; !n.Null {
			line += " " + scalar(n.Package)
		}
		out = append(out, line)
	}
	return append(out, pending...)
}

// insert puts a new entry at its place in the file that has the mapping most
// like it by name, or in the first one.
func (e *editor) insert(heading, name string, block []string) {
	best, length := "", -1
	for _, file := range slices.Sorted(maps.Keys(e.texts)) {
		f := e.texts[file]
		start, end, ok := f.section(heading)
		if !ok {
			continue
		}
		for _, line := range f.lines[start:end] {
			if n := commonPrefix(strings.Trim(line, " :"), name); entryLine(line) && n > length {
				best, length = file, n
			}
		}
	}
	if best == "" {
		best = slices.Sorted(maps.Keys(e.texts))[0]
		f := e.texts[best]
		f.lines = append(f.lines, "", heading+":")
	}
	f := e.texts[best]
	start, end, _ := f.section(heading)
	at := end
	for i := start; i < end; i++ {
		if entryLine(f.lines[i]) && strings.Trim(f.lines[i], " :") > name {
			at = i
			break
		}
	}
	for at < end && at > start && strings.HasPrefix(f.lines[at-1], "  # ") {
		at--
	}
	f.lines = slices.Insert(f.lines, at, block...)
	f.changed = true
}

func entryLine(line string) bool {
	return strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") && !strings.HasPrefix(line, "  #")
}

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
