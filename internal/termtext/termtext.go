// SPDX-License-Identifier: GPL-2.0-or-later

// Package termtext makes untrusted text safe to show.
//
// There is one function for each destination: Line and Text for people, LogLine
// for a line of a program's output, Quoted for a name in a message, FileName for
// names of files, JSON for documents, and Writer for output that is copied to a
// terminal. None of them passes control characters, or format characters such as
// those that change the direction of text or have no width.
package termtext

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden reports whether a character is invisible or controls the output:
// control characters including newlines and tabs, format characters, line
// separators, and noncharacters.
func Hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

// Line returns text as one line. Hidden characters and invalid UTF-8 become
// U+FFFD, tabs become spaces.
func Line(text string) string {
	return replace(text, func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		return unicode.ReplacementChar
	})
}

// FirstLine returns the first line of a text, with an ellipsis if there are
// more.
func FirstLine(text string) string {
	first, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	if more {
		first += " …"
	}
	return first
}

// Text is Line for text of several lines. It keeps newlines and tabs.
func Text(text string) string {
	return replace(text, func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	})
}

// replace replaces each hidden character.
func replace(text string, by func(rune) rune) string {
	if IsPlain(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if Hidden(r) {
			return by(r)
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// IsPlain reports whether text is printable ASCII.
func IsPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// Quoted returns printable text unchanged, and other text as a Go string
// literal.
func Quoted(text string) string {
	if IsPlain(text) {
		return text
	}
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return Hidden(r) || !strconv.IsPrint(r) }) {
		return text
	}
	return string(JSON([]byte(strconv.Quote(text)))) // strconv considers some characters without width printable
}

// LogLine returns a line of a program's output without escape sequences. Of text
// overwritten with carriage returns or erased, it keeps the last state. It keeps
// tabs.
func LogLine(line string) string {
	if IsPlain(line) {
		return line
	}
	line = strip(unerased(line))
	line = strings.TrimRight(line, "\r")
	line = line[strings.LastIndexByte(line, '\r')+1:]
	return replace(line, func(r rune) rune {
		if r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	})
}

// unerased returns what follows the last sequence that erases the line from its
// beginning. GitLab Runner hides the marks of sections with them.
func unerased(line string) string {
	for _, erase := range []string{"\r\x1b[K", "\r\x1b[0K", "\r\x1b[2K"} {
		if at := strings.LastIndex(line, erase); at >= 0 {
			line = line[at+len(erase):]
		}
	}
	return line
}

// JSON replaces hidden characters in a JSON document by escapes, which does not
// change its meaning. Except for newlines, they occur only in strings.
func JSON(document []byte) []byte {
	out := make([]byte, 0, len(document))
	for len(document) > 0 {
		r, size := utf8.DecodeRune(document)
		if r == '\n' || r == '\t' || !Hidden(r) {
			out = append(out, document[:size]...)
		} else if r <= 0xffff {
			out = appendEscape(out, r)
		} else {
			const first, high, low, bits = 0x10000, 0xd800, 0xdc00, 10
			out = appendEscape(appendEscape(out, high+(r-first)>>bits), low+(r-first)&(1<<bits-1))
		}
		document = document[size:]
	}
	return out
}

func appendEscape(out []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
