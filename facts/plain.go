// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"bytes"
	"strings"
)

// A line is one selector of an entry with what it says.
type line struct {
	selector string
	name     Name
}

// plainLines reads the selectors of an entry that the scan has split off,
// without the help of a YAML parser, which takes most of the time of a short
// run. ok is false where anything on the lines is not plainly a selector with
// a name or with nothing; then the parser decides.
func (e *entry) plainLines() (lines []line, ok bool) {
	if e.text == nil {
		return nil, false
	}
	lines = make([]line, 0, 8)
	number := e.line - 1
	for text := range bytes.Lines(e.text) {
		number++
		indent, key, value, plain := splitLine(string(bytes.TrimRight(text, " \r\n")))
		switch {
		case number == e.line:
			if !plain || key != e.name || value != "" {
				return nil, false
			}
		case key == "" && value == "": // blank, or a comment
		case !plain || indent != 4 || value != "" && !plainName(value):
			return nil, false
		default:
			for _, before := range lines {
				if before.selector == key {
					return nil, false
				}
			}
			pos := Position{File: e.file, Line: number, Column: 5}
			lines = append(lines, line{key, Name{Package: value, Null: value == "", Pos: pos}})
		}
	}
	return lines, len(lines) > 0
}

// plainName reports whether s is a string to every reader of YAML: it begins
// with a letter, has nothing in it that could end it, and is no word that
// stands for another type.
func plainName(s string) bool {
	if c := s[0] | 0x20; c < 'a' || c > 'z' || len(s) > 100 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("_-+./@=<>()", c) >= 0:
		case c == ':' && i+1 < len(s):
		default:
			return false
		}
	}
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return false
	}
	return true
}
