// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Expand gives the names that a list of patterns selects from known: pieces
// between commas, each a glob in the manner of Python's fnmatch, or taken as
// it stands if it holds a "/". "all" alone selects everything. Names come in
// the order of the pieces, those of one glob in the order of known; a name
// found twice appears once, a piece with "/" as often as it is written. A
// piece that matches nothing is an error that wraps ErrPattern.
func Expand(list string, known []string) ([]string, error) {
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
			err := fmt.Errorf("Failed to expand '%s': %w '%s'", list, ErrPattern, list) //nolint:staticcheck // the text is the one that users of the original match on
			return nil, &ProjectError{Err: WithHint(err, strings.Trim(DidYouMean(piece, known), " ()"))}
		}
	}
	return names, nil
}

// fnmatch compiles a shell glob with the rules of Python's module of that
// name: no escapes, "[!…]" alone negates, an unclosed "[" stands for itself.
func fnmatch(glob string) *regexp.Regexp {
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
	re, err := regexp.Compile(b.String())
	if err != nil { // a range like "[z-a]", which matches nothing
		return regexp.MustCompile(`[^\x00-\x{10FFFF}]`)
	}
	return re
}

// bracket translates the set that begins at glob[at] and gives the index of
// its last byte.
func bracket(glob string, at int) (class string, last int) {
	from := at + 1
	if from < len(glob) && glob[from] == '!' {
		from++
	}
	if from < len(glob) && glob[from] == ']' { // a "]" that comes first is a member
		from++
	}
	end := -1
	if from <= len(glob) {
		end = strings.IndexByte(glob[from:], ']')
	}
	if end < 0 {
		return `\[`, at
	}
	last = from + end
	set := glob[at+1 : last]
	negated := strings.HasPrefix(set, "!")
	set = strings.TrimPrefix(set, "!")
	set = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(set)
	if negated {
		return "[^" + set + "]", last
	}
	return "[" + set + "]", last
}
