// SPDX-License-Identifier: GPL-2.0-or-later

package junit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Limits for the reports of a run.
const (
	maxCases = 50_000   // cases of all
	maxText  = 32 << 20 // bytes of text of all
	maxField = 64 << 10 // bytes of one text: the end of what is longer
	maxName  = 1 << 10  // bytes of a name
)

// A Reader reads reports of jobs up to the limits.
type Reader struct {
	cases int
	bytes int // of text
}

// NewReader returns a reader with room for the reports of a run.
func NewReader() *Reader { return &Reader{cases: maxCases, bytes: maxText} }

// Read returns the suites of a report, whose names and classes begin with that of
// its job; those before an error included.
func (r *Reader) Read(job string, data []byte) ([]Suite, error) {
	d := xml.NewDecoder(bytes.NewReader(repair(data)))
	d.CharsetReader = charsetReader
	p := parser{Reader: r, job: job, decoder: d}
	err := p.all()
	return p.suites, err
}

// above7f are the characters of windows-1252 that are not those of ISO 8859-1,
// from 0x80 on.
const above7f = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"

// charsetReader reads what is not UTF-8, in the encodings of western Europe. As
// in browsers, ISO 8859-1 means windows-1252.
func charsetReader(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii", "windows-1252", "cp1252":
	default:
		return nil, fmt.Errorf("unknown encoding %q", label)
	}
	special := []rune(above7f)
	data, err := io.ReadAll(input)
	text := make([]rune, len(data))
	for i, b := range data {
		if text[i] = rune(b); b >= 0x80 && b < 0xa0 {
			text[i] = special[b-0x80]
		}
	}
	return strings.NewReader(string(text)), err
}

// reference matches a character that is named by its number.
var reference = lazyregexp.New(`&#(?:[0-9]{1,10}|[xX][0-9a-fA-F]{1,8});`)

// otherEncoding matches the head of a report that says it is not UTF-8.
var otherEncoding = lazyregexp.New(`(?i)^\s*<\?xml[^>]*encoding\s*=\s*["'](?:[^uU"']|u[^tT]|ut[^fF]|utf-?[^-8])`)

// repair removes what test programs write although XML forbids it: control
// characters and invalid bytes.
func repair(data []byte) []byte {
	data = slices.DeleteFunc(data, func(b byte) bool { return b < 0x20 && b != '\t' && b != '\n' && b != '\r' })
	if !otherEncoding.Match(data) {
		data = bytes.ToValidUTF8(data, []byte("\uFFFD"))
	}
	return reference.ReplaceAllFunc(data, func(m []byte) []byte {
		text, base := string(m[2:len(m)-1]), 10
		if text[0] == 'x' || text[0] == 'X' {
			text, base = text[1:], 16
		}
		if n, err := strconv.ParseInt(text, base, 32); err != nil || !allowed(rune(n)) {
			return nil
		}
		return m
	})
}

// allowed reports whether XML has a character.
func allowed(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// A parser takes the suites out of one report.
type parser struct {
	*Reader
	job     string
	decoder *xml.Decoder
	names   []string // of the suites that are open
	suites  []Suite
	open    int // the suite that cases go to, by its place; -1 for none
}

// ErrFull is why the rest of the reports is left out.
var ErrFull = errors.New("the rest is left out: there are too many cases, or too much text")

// maxDepth limits how deep suites are nested; real reports have at most three.
const maxDepth = 20

func (p *parser) all() error {
	p.open = -1
	for {
		token, err := p.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("not a JUnit report: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if err := p.start(token); err != nil {
				return err
			}
		case xml.EndElement:
			if token.Name.Local == "testsuite" {
				p.names = p.names[:max(0, len(p.names)-1)]
				p.open = -1
			}
		}
	}
}

func (p *parser) start(e xml.StartElement) error {
	switch e.Name.Local {
	case "testsuites":
		return nil
	case "testsuite":
		if len(p.names) == maxDepth {
			return errors.New("not a JUnit report: suites are nested too deep")
		}
		p.names = append(p.names, attribute(e, "name"))
		p.open = -1
		return nil
	case "testcase":
		var c Case
		if err := p.decoder.DecodeElement(&c, &e); err != nil {
			return fmt.Errorf("not a JUnit report: %w", err)
		}
		return p.add(c)
	}
	if err := p.decoder.Skip(); err != nil {
		return fmt.Errorf("not a JUnit report: %w", err)
	}
	return nil
}

// add takes a case in, with its texts cut to their bounds.
func (p *parser) add(c Case) error {
	c.Name, c.Class, c.File = name(c.Name), name(c.Class), name(c.File)
	if _, err := strconv.ParseFloat(c.Time, 64); err != nil {
		c.Time = ""
	}
	if c.Class = p.job + "." + c.Class; c.Class == p.job+"." {
		c.Class = p.job
	}
	c.Class = name(c.Class)
	size := len(c.Name) + len(c.Class) + len(c.File)
	for _, m := range []*Message{c.Failure, c.Error, c.Skipped} {
		if m != nil {
			m.Message, m.Type, m.Text = field(m.Message), name(m.Type), field(m.Text)
			size += len(m.Message) + len(m.Type) + len(m.Text)
		}
	}
	c.Output, c.Errout = field(c.Output), field(c.Errout)
	size += len(c.Output) + len(c.Errout)
	if p.cases--; p.cases < 0 {
		return ErrFull
	}
	if p.bytes -= size; p.bytes < 0 {
		return ErrFull
	}
	if p.open < 0 {
		p.suites = append(p.suites, Suite{Name: name(strings.Join(append([]string{p.job + ":"}, p.names...), " "))})
		p.open = len(p.suites) - 1
	}
	p.suites[p.open].Cases = append(p.suites[p.open].Cases, c)
	return nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// name cuts a name to its bound.
func name(text string) string {
	text = strings.TrimSpace(Clean(text))
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "") + "…"
	}
	return text
}

// field cuts a text to its bound: failures stand at its end.
func field(text string) string {
	text = Clean(text)
	if len(text) > maxField {
		text = "…" + strings.ToValidUTF8(text[len(text)-maxField:], "")
	}
	return text
}

// Clean removes characters that XML forbids.
func Clean(text string) string { return termtext.Text(strings.ReplaceAll(text, "\r\n", "\n")) }
