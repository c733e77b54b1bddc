// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// rubyGlob rewrites a pattern of GitLab for doublestar. GitLab asks Ruby's
// fnmatch, to which "**" stands for directories only when it is a whole part
// of the path and a slash follows; anywhere else it is "*".
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

// maxComparisons is after how many comparisons GitLab takes a rule for met.
const maxComparisons = 50_000

// globMatches reports whether one of the files matches one of the patterns,
// or there are too many of both to tell.
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
