// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// CheckText refuses bytes that no reader of YAML takes: those that are not
// UTF-8, and control characters. The error names the line; skip is the number
// of lines of the file that stand before data.
func CheckText(file string, data []byte, skip int) error {
	if isPlainText(data) {
		return nil
	}
	line := 1 + skip
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return diag.Errorf(diag.Position{File: file, Line: line}, "byte %#x is not UTF-8, expected text in UTF-8", data[i])
		case !allowed(r, i):
			return diag.Errorf(diag.Position{File: file, Line: line}, "character %U cannot stand in YAML", r)
		case r == '\n':
			line++
		}
		i += size
	}
	return nil
}

// isPlainText answers quickly for the text that nearly all files hold.
func isPlainText(data []byte) bool {
	for _, c := range data {
		if (c < ' ' && c != '\n') || c > '~' {
			return false
		}
	}
	return true
}

// allowed follows the set of printable characters of YAML 1.1, with a byte
// order mark as the first of them.
func allowed(r rune, at int) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == 0x85:
		return true
	case r < ' ', 0x7f <= r && r < 0xa0, r == 0xfffe, r == 0xffff:
		return false
	case r == 0xfeff:
		return at == 0
	}
	return true
}

var (
	syntaxText    = lazyregexp.New(`^yaml: (?:line (\d+): )?(.*)$`)
	unknownAnchor = lazyregexp.New(`^unknown anchor '(.*)' referenced$`)
)

// syntaxFault turns what the parser says into an error. The parser counts lines
// from 0 where it speaks of structure and from 1 where it speaks of text, and
// leaves the line out for the first one and for anchors. The end of the text
// may count as a line too many.
func syntaxFault(file string, data []byte, skip int, err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	line := 1
	if m := syntaxText.FindStringSubmatch(text); m != nil {
		text = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
			if strings.HasPrefix(text, "did not find expected") {
				line++
			}
		}
	}
	line = min(line, 1+bytes.Count(bytes.TrimRight(data, "\n"), []byte("\n")))
	if m := unknownAnchor.FindStringSubmatch(text); m != nil {
		before, _, _ := bytes.Cut(data, []byte("*"+m[1]))
		line = 1 + bytes.Count(before, []byte("\n"))
	}
	return diag.Errorf(diag.Position{File: file, Line: line + skip}, "invalid YAML: %s", shorten(text))
}

// quoteMax bounds what a message repeats of a file, in bytes.
const quoteMax = 120

// Quote writes s for a message: on one line, between quotes, its end left out
// when it is long.
func Quote(s string) string { return strconv.Quote(shorten(s)) }

// OneLine writes s for a message as it is, but for control characters, which
// are written as escapes, and for the end of what is long.
func OneLine(s string) string {
	s = shorten(s)
	quoted := termtext.Quoted(s)
	if quoted == s {
		return s
	}
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func shorten(s string) string {
	if len(s) <= quoteMax {
		return s
	}
	end := quoteMax
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
