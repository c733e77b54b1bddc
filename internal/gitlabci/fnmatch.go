// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"
	"unicode/utf8"
)

// maxAlternatives limits the patterns that braces stand for.
const maxAlternatives = 10_000

// globStep is the work of comparing one character or directory.
const globStep = 8

// expandBraces returns the patterns without alternatives that a pattern stands for, as with
// FNM_EXTGLOB: none if an opening brace has no counterpart.
func expandBraces(pattern string) []string {
	done := []string{}
	todo := []string{pattern}
	for len(todo) > 0 && len(done)+len(todo) < maxAlternatives {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		left, commas, right := braces(p)
		if right < 0 {
			if left < 0 {
				done = append(done, p)
			}
			continue
		}
		start := left + 1
		for _, end := range append(commas, right) {
			todo = append(todo, p[:left]+p[start:end]+p[right+1:])
			start = end + 1
		}
	}
	return done
}

// braces returns the places of a pattern's first outer braces and of the commas
// directly in them, right < 0 if it has none.
func braces(p string) (left int, commas []int, right int) {
	depth := 0
	left = -1
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case c == '{':
			if depth++; depth == 1 {
				left, commas = i, nil
			}
		case c == ',' && depth == 1:
			commas = append(commas, i)
		case c == '}' && depth > 0:
			if depth--; depth == 0 {
				return left, commas, i
			}
		}
	}
	return left, nil, -1
}

// matchPath reports whether a path matches a pattern without braces as in Ruby's
// File.fnmatch with FNM_PATHNAME and FNM_DOTMATCH, by which GitLab compares. "**/"
// stands for directories only at the beginning of a path element; elsewhere "**" is
// "*".
func matchPath(p, name string, b *budget) bool {
	deep, at, tried := "", "", false // the pattern behind the last "**/", and what it is tried on
	for b.spend(globStep) {
		for strings.HasPrefix(p, "**/") {
			p = p[3:]
			deep, at, tried = p, name, true
		}
		element, restP, moreP := cutElement(p)
		b.spend(len(element))
		part, restName, moreName := strings.Cut(name, "/")
		if moreP == moreName && matchElement(element, part, b) {
			if !moreP {
				return true
			}
			p, name = restP, restName
			continue
		}
		_, below, more := strings.Cut(at, "/")
		if !tried || !more {
			return false
		}
		p, at, name = deep, below, below
	}
	return false
}

// cutElement cuts a pattern at its first slash outside brackets. A backslash at the
// end of an element quotes nothing.
func cutElement(p string) (element, rest string, found bool) {
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\' && (i+1 == len(p) || p[i+1] == '/'):
			return p[:i], p[min(i+2, len(p)):], i+1 < len(p)
		case c == '\\':
			i++
		case c == '/':
			return p[:i], p[i+1:], true
		case c == '[':
			rest, _ := matchClass(p[i+1:], -1)
			i = len(p) - len(rest) - 1
		}
	}
	return p, "", false
}

// matchElement matches a path element.
func matchElement(p, name string, b *budget) bool {
	star, at := "", -1 // the pattern behind the last star, and what it is tried on
	for i := 0; b.spend(globStep); {
		if rest := strings.TrimLeft(p, "*"); len(rest) < len(p) {
			p, star, at = rest, rest, i
			if p == "" {
				return true
			}
		}
		if p == "" && i == len(name) {
			return true
		}
		if i < len(name) && p != "" {
			r, n := utf8.DecodeRuneInString(name[i:])
			rest, ok := matchRune(p, r)
			b.spend(len(p) - len(rest)) // a class may be long
			if ok {
				p, i = rest, i+n
				continue
			}
		}
		if at < 0 || at >= len(name) {
			return false
		}
		_, n := utf8.DecodeRuneInString(name[at:])
		at += n
		p, i = star, at
	}
	return false
}

// matchRune matches one character and returns the rest of the pattern.
func matchRune(p string, r rune) (rest string, ok bool) {
	switch p[0] {
	case '?':
		return p[1:], true
	case '[':
		return matchClass(p[1:], r)
	}
	c, p := quotedRune(p)
	return p, c == r
}

// quotedRune returns the first character of a pattern, without its backslash.
func quotedRune(p string) (r rune, rest string) {
	if p[0] == '\\' && len(p) > 1 {
		p = p[1:]
	}
	r, n := utf8.DecodeRuneInString(p)
	return r, p[n:]
}

// matchClass matches a character with those up to a closing bracket. Without that,
// nothing matches.
func matchClass(p string, r rune) (rest string, ok bool) {
	not := p != "" && (p[0] == '!' || p[0] == '^')
	if not {
		p = p[1:]
	}
	for {
		if p == "" {
			return "", false
		}
		if p[0] == ']' {
			return p[1:], ok != not
		}
		var low rune
		low, p = quotedRune(p)
		high := low
		if len(p) > 1 && p[0] == '-' && p[1] != ']' {
			high, p = quotedRune(p[1:])
		}
		if r == low || low <= r && r <= high {
			ok = true
		}
	}
}
