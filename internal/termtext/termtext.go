// SPDX-License-Identifier: GPL-2.0-or-later

// Package termtext makes untrusted text safe for the place where it is shown.
//
// There is one function for each such place: Line and Text for people, LogLine
// for a line that a program printed, Quoted for a name inside of a message,
// FileName for names of files, JSON for documents, and a Writer for output
// that goes to a terminal as it comes. None of them lets through control
// characters, or format characters such as those that change the direction of
// writing or take no space.
package termtext

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden reports whether a character steers what shows it, or does not show:
// control characters (line breaks and tabs included), format characters,
// separators of lines, and what Unicode will never assign.
func Hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

// Line gives text as one line: what is hidden or not UTF-8 becomes U+FFFD, a
// tab becomes a space.
func Line(text string) string {
	return replace(text, func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		return unicode.ReplacementChar
	})
}

// FirstLine is the first line of a text, with a sign if there are more.
func FirstLine(text string) string {
	first, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	if more {
		first += " …"
	}
	return first
}

// Text is Line for text of several lines: line breaks and tabs stay.
func Text(text string) string {
	return replace(text, func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	})
}

// replace puts something else in the place of each hidden character.
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

// Quoted gives text as it is if all of it shows, else as a Go string literal.
func Quoted(text string) string {
	if IsPlain(text) {
		return text
	}
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return Hidden(r) || !strconv.IsPrint(r) }) {
		return text
	}
	return string(JSON([]byte(strconv.Quote(text)))) // some characters that take no space count as printable
}

// LogLine gives a line that a program printed without escape sequences. Of
// what a progress display writes over and over the last state stays. Tabs stay.
func LogLine(line string) string {
	if IsPlain(line) {
		return line
	}
	line = strip(line)
	line = strings.TrimRight(line, "\r")
	line = line[strings.LastIndexByte(line, '\r')+1:]
	return replace(line, func(r rune) rune {
		if r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	})
}

// JSON gives a JSON document with hidden characters written as escapes, which
// mean the same. They stand only inside of strings, line breaks excepted.
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
