// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"slices"
	"strings"
)

// maxComparisons is the number of comparisons after which GitLab treats a rule
// as matching.
const maxComparisons = 50_000

// globMatches reports whether a file matches a pattern, or whether there are
// more than maxComparisons pairs. Without a budget left, none matches.
func globMatches(patterns, files []string, b *budget) bool {
	if len(patterns)*len(files) > maxComparisons {
		return true
	}
	for _, p := range patterns {
		if b.spent() {
			return false
		}
		alternatives := expandBraces(p)
		b.spend(len(alternatives) * len(p))
		for _, f := range files {
			if b.spent() {
				return false
			}
			if slices.ContainsFunc(alternatives, func(p string) bool { return matchPath(p, f, b) }) {
				return true
			}
		}
	}
	return false
}

// isGlob reports whether rules:exists compares a pattern with the files. A backslash
// alone quotes nothing there.
func isGlob(pattern string) bool { return strings.ContainsAny(pattern, "*?[{") }

// existsMatch reports whether one of the sorted files of a tree matches a pattern of
// rules:exists. As on GitLab, patterns such as **/*.c do not count as comparisons,
// and patterns without slash are compared with the files of the top directory.
func existsMatch(globs, files []string, b *budget) bool {
	if !slices.ContainsFunc(globs, func(p string) bool { return strings.Contains(p, "/") || strings.Contains(p, "**") }) {
		b.spend(len(files))
		files = slices.DeleteFunc(slices.Clone(files), func(f string) bool { return strings.Contains(f, "/") })
	}
	var others []string
	for _, p := range globs {
		ending, nested := strings.CutPrefix(p, "**/*")
		switch {
		case nested && strings.HasPrefix(ending, ".") && !strings.Contains(ending, "/") && !isGlob(ending):
			if b.spend(len(files)) && slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, ending) }) {
				return true
			}
		default:
			others = append(others, p)
		}
	}
	return globMatches(others, files, b)
}
