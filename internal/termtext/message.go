// SPDX-License-Identifier: GPL-2.0-or-later

package termtext

import (
	"fmt"
	"strings"
)

// Message formats a message for people. String arguments stay on one line;
// further lines of an error are indented, except those of a diff.
func Message(format string, args ...any) string {
	safe := make([]any, len(args))
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			arg = Line(text)
		}
		safe[i] = arg
	}
	lines := strings.Split(Text(fmt.Sprintf(format, safe...)), "\n")
	for i, line := range lines {
		if i > 0 && line != "" && !strings.ContainsRune("-+ @", rune(line[0])) {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}
