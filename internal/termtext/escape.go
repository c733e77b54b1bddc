// SPDX-License-Identifier: GPL-2.0-or-later

package termtext

import "strings"

// A state is the position in an escape sequence (ECMA-48).
type state int

const (
	ground       state = iota
	escape             // after ESC
	intermediate       // after ESC and an intermediate byte: one more ends it
	control            // in a control sequence, CSI
	text               // in a control string: OSC, DCS, APC, PM, SOS
	textEscape         // after an ESC in a control string, which is its end if "\" follows
)

// longestSequence limits a control sequence, in bytes, so that an unterminated
// one hides little text.
const longestSequence = 256

// longestText limits a control string, in bytes.
const longestText = 4096

// A parser finds escape sequences in output that comes in parts.
type parser struct {
	state state
	seq   []byte // the sequence so far, no longer than longestSequence
	size  int    // of the control string so far
}

// next processes a character. shown reports whether it is text; colour is a
// complete sequence that only selects colours and styles.
func (p *parser) next(r rune) (shown bool, colour []byte) {
	switch p.state {
	case escape:
		p.afterEscape(r)
		return false, nil
	case intermediate:
		if r < ' ' || r > '/' {
			p.state = ground
		}
		return r == '\n', nil
	case control:
		return p.inControl(r)
	case text, textEscape:
		return p.inText(r), nil
	}
	return p.inGround(r), nil
}

func (p *parser) inGround(r rune) bool {
	switch r {
	case 0x1b:
		p.state = escape
	case 0x9b: // CSI in one character
		p.state, p.seq = control, append(p.seq[:0], "\x1b["...)
	case 0x90, 0x98, 0x9d, 0x9e, 0x9f: // DCS, SOS, OSC, PM, APC in one character
		p.state, p.size = text, 0
	default:
		return true
	}
	return false
}

func (p *parser) afterEscape(r rune) {
	switch {
	case r == 0x1b:
	case r == '[':
		p.state, p.seq = control, append(p.seq[:0], "\x1b["...)
	case strings.ContainsRune("PX]^_", r):
		p.state, p.size = text, 0
	case r >= ' ' && r <= '/':
		p.state = intermediate
	default:
		p.state = ground
	}
}

// inControl processes a character of a control sequence. A newline ends an
// incomplete sequence and is shown.
func (p *parser) inControl(r rune) (bool, []byte) {
	switch {
	case r == 0x1b:
		p.state = escape
	case r == '\n':
		p.state = ground
		return true, nil
	case r >= '@' && r <= '~':
		p.state = ground
		if p.seq = append(p.seq, byte(r)); r == 'm' && isColour(p.seq) {
			return false, p.seq
		}
	case r >= 0x80, len(p.seq) >= longestSequence:
		p.state = ground
		return r >= 0x80, nil
	case r >= ' ':
		p.seq = append(p.seq, byte(r))
	}
	return false, nil
}

// isColour reports whether a control sequence that ends in "m" consists of
// digits and separators.
func isColour(seq []byte) bool {
	for _, c := range seq[len("\x1b[") : len(seq)-1] {
		if (c < '0' || c > '9') && c != ';' && c != ':' {
			return false
		}
	}
	return true
}

// inText processes a character of a control string. A newline ends it as well,
// so that an unterminated string does not hide the text after it.
func (p *parser) inText(r rune) bool {
	p.size++
	switch {
	case p.state == textEscape && r != 0x1b:
		if p.state = ground; r != '\\' { // not an end: another sequence
			p.state = escape
			p.afterEscape(r)
		}
	case r == 0x1b:
		p.state = textEscape
	case r == 0x07, r == 0x9c, p.size > longestText:
		p.state = ground
	case r == '\n':
		p.state = ground
		return true
	}
	return false
}

func strip(line string) string {
	if !strings.ContainsAny(line, "\x1b\u0090\u0098\u009b\u009d\u009e\u009f") {
		return line
	}
	var p parser
	var out strings.Builder
	for i, r := range line {
		if shown, _ := p.next(r); !shown {
			continue
		}
		if r == '\uFFFD' && line[i] < 0xef { // invalid UTF-8; the caller replaces it
			out.WriteByte(line[i])
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}
