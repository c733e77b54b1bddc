// SPDX-License-Identifier: GPL-2.0-or-later

package termtext

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// longestName limits a file name, in bytes. File systems permit 255; the rest is
// for suffixes.
const longestName = 200

// hashLength is the number of hex digits that distinguish changed names.
const hashLength = 16

// hashed matches names that end like a changed one.
var hashed = lazyregexp.New(fmt.Sprintf(`-[0-9a-f]{%d}$`, hashLength))

// FileName converts any text to a file name: without slashes and hidden
// characters, not beginning with a dot or dash, and of limited length. A text
// that is such a name is unchanged; otherwise the name ends with digits of a
// hash, so that different texts have different names.
func FileName(text string) string {
	name := strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || Hidden(r) || r == unicode.ReplacementChar {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(text, "-"))
	name = strings.TrimSpace(name)
	if name == "" || name[0] == '.' || name[0] == '-' {
		name = "_" + name
	}
	if name == text && len(name) <= longestName && !hashed.MatchString(name) {
		return name
	}
	const room = longestName - hashLength - 1
	if len(name) > room {
		for name = name[:room]; !utf8.ValidString(name); {
			name = name[:len(name)-1]
		}
	}
	return fmt.Sprintf("%s-%.*s", name, hashLength, fmt.Sprintf("%x", sha256.Sum256([]byte(text))))
}
