// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// rubyGlob converts a pattern of GitLab for package doublestar. GitLab uses
// Ruby's File.fnmatch, where "**" matches directories only as a whole path
// element before a slash, and is otherwise "*".
func rubyGlob(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if part == "**" && i+1 < len(parts) {
			continue
		}
		for strings.Contains(part, "**") {
			part = strings.ReplaceAll(part, "**", "*")
		}
		parts[i] = part
	}
	return strings.Join(parts, "/")
}

// maxComparisons is the number of comparisons after which GitLab treats a rule
// as matching.
const maxComparisons = 50_000

// globMatches reports whether a file matches a pattern, or whether there are
// more than maxComparisons pairs.
func globMatches(patterns, files []string) bool {
	if len(patterns)*len(files) > maxComparisons {
		return true
	}
	for _, p := range patterns {
		p = rubyGlob(p)
		for _, f := range files {
			if doublestar.MatchUnvalidated(p, f) {
				return true
			}
		}
	}
	return false
}

func isGlob(pattern string) bool { return strings.ContainsAny(pattern, `*?[{\`) }
