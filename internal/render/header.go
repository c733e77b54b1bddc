// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/redact"
)

// Home is the URL of lcitool in the headers of generated files.
const Home = "https://gitlab.com/lcitool/lcitool"

// Mark is the line that identifies generated files of this program and of the
// original lcitool.
const Mark = "# THIS FILE WAS AUTO-GENERATED"

// Header is the comment above a generated file, with the arguments of the
// command that makes the file again, without the secrets of URLs: the file will
// be committed. Arguments that a shell would not read as written are quoted; a
// line break is refused, since it would end the comment.
func Header(args []string) (string, error) {
	quoted := make([]string, len(args))
	for i, a := range args {
		if strings.ContainsFunc(a, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' }) {
			return "", fmt.Errorf("argument %q has a control character in it and cannot stand in a header", a)
		}
		quoted[i] = quote(redact.URLs(a))
	}
	return fmt.Sprintf("%s\n#\n#  $ lcitool %s\n#\n# %s\n\n", Mark, strings.Join(quoted, " "), Home), nil
}
