// SPDX-License-Identifier: GPL-2.0-or-later

// Package globs matches paths by GitLab Runner's patterns, in limited time.
package globs

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// maxWork limits the patterns without braces that a pattern stands for, times its
// length. Each is compared with each path.
const maxWork = 1 << 20

// Check returns an error for a pattern that stands for too many. GitLab Runner
// has no such limit.
func Check(pattern string) error {
	if n := alternatives(pattern); n > 1 && n*len(pattern) > maxWork {
		return fmt.Errorf("pattern %.100q has too many alternatives in braces", pattern)
	}
	return nil
}

// alternatives returns a limit on how many patterns without braces a pattern
// stands for, at most maxWork. It does not matter whether braces are in a
// character class, where they stand for themselves.
func alternatives(pattern string) int {
	n := 1
	var open []int // alternatives of the braces that are open
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case c == '{':
			open = append(open, 1)
		case c == ',' && len(open) > 0:
			open[len(open)-1]++
		case c == '}' && len(open) > 0:
			n = min(n*open[len(open)-1], maxWork)
			open = open[:len(open)-1]
		}
	}
	for _, more := range open { // the brace that would close it may be in a class
		n = min(n*more, maxWork)
	}
	return n
}

const (
	maxExpanded = 64 // patterns that Expand returns
	maxBraces   = 16 // in a pattern that it expands
)

// Expand returns the patterns without braces that a pattern stands for. If these are
// many, or have many braces, or a class may have a brace, it returns the pattern itself.
func Expand(pattern string) []string {
	if strings.Contains(pattern, "[") || strings.Count(pattern, "{") > maxBraces || alternatives(pattern) > maxExpanded {
		return []string{pattern}
	}
	depth, left := 0, 0
	var ends []int // of the alternatives in the first braces
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case c == '{':
			if depth++; depth == 1 {
				left = i
			}
		case c == ',' && depth == 1:
			ends = append(ends, i)
		case c == '}' && depth == 1:
			var all []string
			start := left + 1
			for _, end := range append(ends, i) {
				all = append(all, Expand(pattern[:left]+pattern[start:end]+pattern[i+1:])...)
				start = end + 1
			}
			return all
		case c == '}' && depth > 1:
			depth--
		}
	}
	return []string{pattern}
}

// Match reports whether a pattern matches a path. One that is invalid, or that
// Check refuses, matches nothing.
func Match(pattern, name string) bool {
	if Check(pattern) != nil {
		return false
	}
	ok, err := doublestar.Match(pattern, name)
	return err == nil && ok
}

// Files returns the files that a pattern matches. Symbolic links are files, and
// are followed only before the first wildcard.
func Files(tree fs.FS, pattern string) ([]string, error) {
	if err := Check(pattern); err != nil {
		return nil, err
	}
	if strings.Count(pattern, "**") < 2 {
		return doublestar.Glob(tree, pattern, doublestar.WithFilesOnly(), doublestar.WithNoFollow())
	}
	// Glob would visit a directory once for each way in which it matches. Each
	// "**" multiplies the ways.
	if !doublestar.ValidatePattern(pattern) {
		return nil, doublestar.ErrBadPattern
	}
	base, _ := doublestar.SplitPattern(pattern)
	var files []string
	err := fs.WalkDir(tree, base, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && name != base && Match(pattern, name) {
			files = append(files, name)
		}
		return nil // as Glob does, leave out what cannot be read
	})
	return files, err
}
