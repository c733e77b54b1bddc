// SPDX-License-Identifier: GPL-2.0-or-later

package termtext

import (
	"io"
	"unicode"
	"unicode/utf8"
)

// A Writer copies output to a terminal without sequences that move the cursor,
// set titles, query the terminal or hide text. It keeps colours, newlines, tabs
// and carriage returns, which progress displays use. A sequence may be split
// over several writes. A Writer is not safe for concurrent use.
type Writer struct {
	to       io.Writer
	parser   parser
	partial  []byte // the beginning of a character
	coloured bool   // a colour is on
}

func NewWriter(terminal io.Writer) *Writer { return &Writer{to: terminal} }

// Write implements io.Writer. It reports all bytes of p as written unless the
// terminal fails.
func (w *Writer) Write(p []byte) (int, error) {
	data := p
	if len(w.partial) > 0 {
		data = append(w.partial, p...)
		w.partial = nil
	}
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		if !utf8.FullRune(data) {
			w.partial = append([]byte(nil), data...)
			break
		}
		r, size := utf8.DecodeRune(data)
		data = data[size:]
		out = w.append(out, r)
	}
	if len(out) > 0 {
		if _, err := w.to.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (w *Writer) append(out []byte, r rune) []byte {
	shown, colour := w.parser.next(r)
	switch {
	case colour != nil:
		w.coloured = string(colour) != "\x1b[m" && string(colour) != "\x1b[0m"
		return append(out, colour...)
	case !shown:
		return out
	case r == '\n', r == '\t', r == '\r':
		return utf8.AppendRune(out, r)
	case r < ' ', r == 0x7f: // bells and backspaces
		return out
	case Hidden(r):
		r = unicode.ReplacementChar
	}
	return utf8.AppendRune(out, r)
}

// Close writes the rest and resets colours. It does not close the terminal.
func (w *Writer) Close() error {
	var out []byte
	if len(w.partial) > 0 {
		out = utf8.AppendRune(out, unicode.ReplacementChar)
	}
	if w.coloured {
		out = append(out, "\x1b[0m"...)
	}
	w.partial, w.coloured, w.parser = nil, false, parser{}
	if len(out) == 0 {
		return nil
	}
	_, err := w.to.Write(out)
	return err
}
