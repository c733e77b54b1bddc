// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// Expand returns the names in known that a pattern list selects. Patterns are
// separated by commas. Each is a glob as in Python's fnmatch, or is taken
// literally if it contains a "/". "all" alone selects everything. Names are in
// the order of the patterns, those of one glob in the order of known. Duplicates
// are removed, except for literal ones. A pattern that matches nothing is an
// error that wraps ErrPattern; as in the original lcitool, the second half of
// its text has "*" instead of "all".
func Expand(list string, known []string) ([]string, error) {
	written := list
	if list == "all" {
		list = "*"
	}
	var names []string
	for _, piece := range strings.Split(list, ",") {
		if strings.Contains(piece, "/") {
			names = append(names, piece)
			continue
		}
		glob := fnmatch(piece)
		found := false
		for _, name := range known {
			if !glob.MatchString(name) {
				continue
			}
			found = true
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if !found {
			err := fmt.Errorf("Failed to expand '%s': %w '%s'", yamldoc.OneLine(written), ErrPattern, yamldoc.OneLine(list)) //nolint:staticcheck // the text is the one that users of the original match on
			return nil, &ProjectError{Err: diag.WithHint(err, Suggestion(piece, known))}
		}
	}
	return names, nil
}

// fnmatch compiles a glob by the rules of Python's fnmatch: there are no
// escapes, only "[!…]" negates, and an unclosed "[" is literal. Invalid UTF-8
// matches no valid text.
func fnmatch(glob string) *regexp.Regexp {
	glob = strings.ToValidUTF8(glob, "\x00")
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '[':
			class, next := bracket(glob, i)
			b.WriteString(class)
			i = next
		default:
			j := i + strings.IndexAny(glob[i:], "*?[")
			if j < i {
				j = len(glob)
			}
			b.WriteString(regexp.QuoteMeta(glob[i:j]))
			i = j - 1
		}
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

// bracket translates the set that begins at glob[at], and returns the index of
// its last byte.
func bracket(glob string, at int) (class string, last int) {
	from := at + 1
	if strings.HasPrefix(glob[from:], "!") {
		from++
	}
	if strings.HasPrefix(glob[from:], "]") { // a leading "]" is a member
		from++
	}
	end := strings.IndexByte(glob[from:], ']')
	if end < 0 {
		return `\[`, at
	}
	last = from + end
	set, negated := strings.CutPrefix(glob[at+1:last], "!")
	members := ranges([]rune(set))
	switch {
	case members == "" && negated:
		return ".", last
	case members == "":
		return `[^\x00-\x{10FFFF}]`, last
	case negated:
		return "[^" + members + "]", last
	}
	return "[" + members + "]", last
}

// ranges translates the members of a set, in which "a-z" is a range. A reversed
// range is empty.
func ranges(set []rune) string {
	var b strings.Builder
	for i := 0; i < len(set); i++ {
		low, high := set[i], set[i]
		if i+2 < len(set) && set[i+1] == '-' {
			high = set[i+2]
			i += 2
		}
		if low <= high {
			fmt.Fprintf(&b, `\x{%x}-\x{%x}`, low, high)
		}
	}
	return b.String()
}
