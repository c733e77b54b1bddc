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

// longestName bounds a file's name, in bytes. File systems allow 255; the rest
// is for what is put behind it.
const longestName = 200

// hashLength is the number of digits that tell changed names apart.
const hashLength = 16

// hashed matches names that look like changed ones.
var hashed = lazyregexp.New(fmt.Sprintf(`-[0-9a-f]{%d}$`, hashLength))

// FileName gives the name of a file or directory for any text: without slashes
// and hidden characters, not beginning with a dot or a dash, and not too long.
// Text that is such a name stays as it is; what had to change ends in digits of
// its hash, so that no two texts have the same name.
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
