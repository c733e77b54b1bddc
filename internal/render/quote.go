// SPDX-License-Identifier: GPL-2.0-or-later

package render

import "strings"

// plainBytes are those that mean only themselves in a shell word. The set and
// the manner of quoting are those of Python's shlex, whose output the bodies
// hold; a library that quotes differently is as safe and not as equal.
const plainBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-"

// quote writes s as one word of a POSIX shell.
func quote(s string) string {
	if s != "" && strings.Trim(s, plainBytes) == "" {
		return s
	}
	return quoteAlways(s)
}

// quoteAlways puts s between single quotes even where it needs none.
func quoteAlways(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
