// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"bytes"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// The sections of a mappings file.
const (
	nativeSection = "mappings"
	pypiSection   = "pypi_mappings"
	cpanSection   = "cpan_mappings"
)

// An entry is one mapping of a file: its text, decoded when asked for, or its
// node, where the file had to be decoded as a whole.
type entry struct {
	section string
	name    string
	file    string
	line    int    // of the name, from 1
	text    []byte // nil when value is set
	value   yamldoc.Node
}

// A heading is a top-level key of a mappings file.
type heading struct {
	name string
	pos  Position
}

func (e *entry) pos() Position { return Position{File: e.file, Line: e.line, Column: 3} }

// node decodes the entry's value.
func (e *entry) node() (yamldoc.Node, error) {
	if e.text == nil {
		return e.value, nil
	}
	doc, err := yamldoc.Parse(e.file, e.text, e.line-1)
	if err != nil {
		return yamldoc.Node{}, err
	}
	fields, err := doc.Mapping()
	if err != nil {
		return yamldoc.Node{}, err
	}
	return fields[0].Value, nil
}

// scan splits a mappings file into its entries by looking at the beginnings
// of lines. It answers only for files in the plain block form that facts are
// written in, one key a line, scalars on one line, ASCII throughout; for all
// else ok is false and the file must be decoded as a whole.
func scan(file string, data []byte) (headings []heading, entries []entry, ok bool) {
	section, start, number := "", 0, 0
	started := false // by "---" or by a heading
	finish := func(end int) {
		if n := len(entries); n > 0 && entries[n-1].text == nil {
			entries[n-1].text = data[start:end]
		}
	}
	for at := 0; at < len(data); {
		end := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		number++
		line := data[at:end]
		if !printableLine(line) {
			return nil, nil, false
		}
		line = bytes.TrimRight(line, " \r\n")
		indent, key, value, plain := splitLine(string(line))
		switch {
		case len(line) == 0 || plain && key == "": // blank, or a comment
		case string(line) == "---" && !started:
			started = true
		case !plain:
			return nil, nil, false
		case indent == 0:
			if value != "" {
				return nil, nil, false
			}
			finish(at)
			section, started = key, true
			headings = append(headings, heading{key, Position{File: file, Line: number, Column: 1}})
		case section == "":
			return nil, nil, false
		case indent == 2:
			finish(at)
			start = at
			entries = append(entries, entry{section: section, name: key, file: file, line: number})
		case indent < 4 || len(entries) == 0 || entries[len(entries)-1].text != nil:
			return nil, nil, false
		}
		at = end
	}
	finish(len(data))
	return headings, entries, true
}

// printableLine reports whether a line is ASCII that ends in "\n", "\r\n" or
// with the file: nothing in it could be one of YAML's other line breaks.
func printableLine(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	for _, c := range line {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// splitLine takes "  key: value" apart. plain is false for a line with
// anything in it that could reach beyond the line or change how others read.
// A comment is plain and has no key.
func splitLine(line string) (indent int, key, value string, plain bool) {
	rest := strings.TrimLeft(line, " ")
	indent = len(line) - len(rest)
	if strings.HasPrefix(rest, "#") {
		return indent, "", "", true
	}
	key, value, found := strings.Cut(rest, ":")
	if !found || !plainKey(key) || value != "" && value[0] != ' ' {
		return indent, "", "", false
	}
	value = strings.TrimLeft(value, " ")
	return indent, key, value, plainValue(value)
}

func plainKey(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("_-+.", c) >= 0 && i > 0:
		default:
			return false
		}
	}
	return s != ""
}

// plainValue reports whether s is empty, one plain scalar, or one quoted one.
func plainValue(s string) bool {
	if s == "" {
		return true
	}
	switch s[0] {
	case '\'', '"':
		return len(s) >= 2 && strings.IndexByte(s[1:], s[0]) == len(s)-2 && !strings.Contains(s, `\`)
	case '&', '*', '|', '>', '{', '}', '[', ']', '!', '%', '@', '`', '?', ',':
		return false
	}
	return !strings.ContainsAny(s, "\t\"'\r")
}
