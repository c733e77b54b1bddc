// SPDX-License-Identifier: GPL-2.0-or-later

package render

import "strings"

// quote writes s as one word of a POSIX shell.
func quote(s string) string {
	if s == "" {
		return quoteAlways(s)
	}
	for i := range len(s) {
		if !plainByte(s[i]) {
			return quoteAlways(s)
		}
	}
	return s
}

// plainByte reports whether a byte means only itself in a shell word. The set
// and the manner of quoting are those of Python's shlex, whose output the
// bodies hold; a library that quotes differently is as safe and not as equal.
func plainByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("_@%+=:,./-", c) >= 0
}

// quoteAlways puts s between single quotes even where it needs none.
func quoteAlways(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
