// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"path"
	"strings"
)

// MatchName reports whether a pattern matches one of a job's names, and whether
// it equals one. "*" also matches slashes.
func MatchName(pattern string, names ...string) (matched, exact bool) {
	const notInNames = "\x00"
	flat := func(s string) string { return strings.ReplaceAll(s, "/", notInNames) }
	for _, name := range names {
		if name == pattern {
			return true, true
		}
		ok, err := path.Match(flat(pattern), flat(name))
		matched = matched || err == nil && ok
	}
	return matched, false
}
