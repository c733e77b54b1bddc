// SPDX-License-Identifier: GPL-2.0-or-later

package render

import "strings"

// quote quotes s as one word of a POSIX shell, if needed.
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

// plainByte reports whether a byte needs no quoting in a shell. The rules are
// those of Python's shlex, which the original lcitool uses, so that the output
// is identical.
func plainByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("_@%+=:,./-", c) >= 0
}

// quoteAlways puts s in single quotes.
func quoteAlways(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
