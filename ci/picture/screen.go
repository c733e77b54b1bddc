// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A cell is one character of a screen.
type cell struct {
	char   rune
	colour int // 30 to 37 or 90 to 97, 0 for that of text
	bold   bool
	faint  bool
}

// A screen is what a terminal shows, with all that has moved out of it at the top.
// It knows the sequences that lcitool writes and leaves others out.
type screen struct {
	columns  int // 0 for lines of any length
	lines    [][]cell
	row, col int
	style    cell
	rest     []byte // of a sequence or character that goes on
}

func (s *screen) write(data []byte) {
	data = append(s.rest, data...)
	s.rest = nil
	for len(data) > 0 {
		n := 1
		switch c := data[0]; {
		case c == 0x1b:
			if n = s.sequence(data); n == 0 {
				s.rest = data
				return
			}
		case c == '\r':
			s.col = 0
		case c == '\n':
			s.row++
		case c < ' ':
		case !utf8.FullRune(data):
			s.rest = data
			return
		default:
			var r rune
			r, n = utf8.DecodeRune(data)
			s.put(r)
		}
		data = data[n:]
	}
}

// sequence obeys an escape sequence and gives its length, 0 if it goes on.
func (s *screen) sequence(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	if data[1] != '[' {
		return 2
	}
	for i := 2; i < len(data); i++ {
		if c := data[i]; c >= 0x40 && c <= 0x7e {
			s.control(c, string(data[2:i]))
			return i + 1
		}
	}
	return 0
}

func (s *screen) control(command byte, parameters string) {
	n, err := strconv.Atoi(parameters)
	if err != nil {
		n = 0
	}
	switch command {
	case 'A':
		s.row = max(0, s.row-max(n, 1))
	case 'B':
		s.row += max(n, 1)
	case 'G':
		s.col = max(n, 1) - 1
	case 'K':
		s.erase(n)
	case 'J':
		s.erase(n)
		if n == 0 && s.row+1 < len(s.lines) {
			s.lines = s.lines[:s.row+1]
		}
	case 'm':
		for p := range strings.SplitSeq(parameters, ";") {
			s.attribute(p)
		}
	}
}

// erase empties the line from the cursor on, or as a whole.
func (s *screen) erase(what int) {
	if s.row >= len(s.lines) {
		return
	}
	from := s.col
	if what == 2 {
		from = 0
	}
	if from < len(s.lines[s.row]) {
		s.lines[s.row] = s.lines[s.row][:from]
	}
}

func (s *screen) attribute(parameter string) {
	n, _ := strconv.Atoi(parameter) // none is 0
	switch {
	case n == 0:
		s.style = cell{}
	case n == 1:
		s.style.bold = true
	case n == 2:
		s.style.faint = true
	case n == 22:
		s.style.bold, s.style.faint = false, false
	case n == 39:
		s.style.colour = 0
	case n >= 30 && n <= 37, n >= 90 && n <= 97:
		s.style.colour = n
	}
}

func (s *screen) put(r rune) {
	if s.columns > 0 && s.col >= s.columns {
		s.row, s.col = s.row+1, 0
	}
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
	line := s.lines[s.row]
	for len(line) <= s.col {
		line = append(line, cell{char: ' '})
	}
	line[s.col] = s.style
	line[s.col].char = r
	s.lines[s.row] = line
	s.col++
}

// last gives a copy of the lines at the bottom.
func (s *screen) last(rows int) [][]cell {
	var out [][]cell
	for _, line := range s.lines[max(0, len(s.lines)-rows):] {
		out = append(out, append([]cell(nil), line...))
	}
	return out
}

func (s *screen) text(rows int) string {
	var b strings.Builder
	for _, line := range s.last(rows) {
		for _, c := range line {
			b.WriteRune(c.char)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

const (
	charWidth  = 8.0
	lineHeight = 18
	margin     = 14
)

// colours are those of a dark terminal.
func colours() map[int]string {
	return map[int]string{
		30: "#6e7681", 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea", 37: "#e6edf3",
		90: "#8b949e", 91: "#ffa198", 92: "#aff5b4", 93: "#f8e3a1", 94: "#a5d6ff", 95: "#e2c5ff", 96: "#b3f0ff", 97: "#ffffff",
	}
}

// draw makes an SVG of a screen.
func draw(lines [][]cell, columns int) string {
	var b strings.Builder
	width, height := int(float64(columns)*charWidth)+2*margin, len(lines)*lineHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="6" fill="#0d1117"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="#e6edf3" xml:space="preserve">`+"\n")
	palette := colours()
	for i, line := range lines {
		for start := 0; start < len(line); {
			end := start + 1
			for end < len(line) && sameStyle(line[start], line[end]) {
				end++
			}
			drawRun(&b, palette, line[start:end], margin+float64(start)*charWidth, margin+(i+1)*lineHeight-5)
			start = end
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func sameStyle(a, b cell) bool {
	a.char, b.char = 0, 0
	return a == b
}

// drawRun draws characters of one style, each at its column whatever the font.
func drawRun(b *strings.Builder, palette map[int]string, run []cell, x float64, y int) {
	var text strings.Builder
	for _, c := range run {
		text.WriteRune(c.char)
	}
	if strings.TrimSpace(text.String()) == "" {
		return
	}
	fmt.Fprintf(b, `<text x="%g" y="%d" textLength="%g"`, x, y, float64(len(run))*charWidth)
	if c := palette[run[0].colour]; c != "" {
		fmt.Fprintf(b, ` fill="%s"`, c)
	}
	if run[0].bold {
		b.WriteString(` font-weight="bold"`)
	}
	if run[0].faint {
		b.WriteString(` opacity="0.7"`)
	}
	b.WriteString(">" + html.EscapeString(text.String()) + "</text>\n")
}
