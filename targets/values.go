// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A valueRule says which values are valid. Values are used in shell commands and
// Dockerfiles, partly in double quotes and partly without.
type valueRule struct {
	what    string // with an article
	other   string // characters besides ASCII letters and digits; "" for all that are no blank, control character, quote or backslash
	isShape func(string) bool
	shape   string // what is wrong when isShape is false
}

const pathChars = "_@%+=:,./~-"

//nolint:gochecknoglobals // tables that nothing writes to
var (
	programRule = valueRule{"a program's name or path", pathChars + " ", beginsPlain, `it begins with a blank or with "-"`}
	commandRule = valueRule{"a command", pathChars + " ", isWordList, `it begins with "-", or has blanks at an end or in a row`}
	wordRule    = valueRule{"a word", pathChars, isAnything, ""}
	imageRule   = valueRule{"an image reference", pathChars, beginsImage, "it begins with a character that image references do not begin with"}
	nameRule    = valueRule{"a name", "_.+-", isAnything, ""}
	fileRule    = valueRule{"an absolute path", pathChars + " ", isAbsolute, `it does not begin with "/"`}
	urlRule     = valueRule{"a URL", "", hasScheme, `it does not begin with a scheme such as "https://"`}
)

// check returns what is wrong with a value, or "".
func (r valueRule) check(text string) string {
	problem := ""
	bad := strings.IndexFunc(text, r.forbids)
	switch {
	case text == "":
		problem = "it is empty"
	case bad >= 0:
		_, size := utf8.DecodeRuneInString(text[bad:])
		problem = strconv.Quote(text[bad:bad+size]) + " is not allowed in it"
	case !r.isShape(text):
		problem = r.shape
	default:
		return ""
	}
	return fmt.Sprintf("%s is not %s: %s", yamldoc.Quote(text), r.what, problem)
}

func (r valueRule) forbids(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	case r.other == "":
		return c <= ' ' || c == 0x7f || c == utf8.RuneError || strings.ContainsRune("'\"`\\", c)
	}
	return !strings.ContainsRune(r.other, c)
}

func isAnything(string) bool { return true }

func isAbsolute(s string) bool { return s[0] == '/' }

func beginsPlain(s string) bool { return s[0] != ' ' && s[0] != '-' }

func beginsImage(s string) bool { return !strings.ContainsRune("@%+=:,-", rune(s[0])) }

func isWordList(s string) bool { return s[0] != '-' && strings.Join(strings.Fields(s), " ") == s }

func hasScheme(s string) bool {
	scheme, rest, ok := strings.Cut(s, "://")
	return ok && rest != "" && scheme != "" && strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz+") == ""
}
