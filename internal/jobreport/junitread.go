// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html/charset"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// What is taken of the reports of all jobs together, and of each.
const (
	maxFile  = 16 << 20 // bytes of a report
	maxCases = 50_000   // cases of all
	maxText  = 32 << 20 // bytes of text of all
	maxField = 64 << 10 // bytes of one text: the end of what is longer
	maxName  = 1 << 10  // bytes of a name
)

// A reader reads the reports that jobs left, as long as there is room.
type reader struct {
	left  int // cases
	bytes int // of text
}

// job gives the suites of a job's reports. What cannot be read is a case that
// is skipped and says why, since the job's own result stands.
func (r *reader) job(j *jobrecord.Job) []junitSuite {
	var all []junitSuite
	var faults []junitCase
	for _, name := range j.JUnit {
		suites, err := r.file(j, name)
		all = append(all, suites...)
		if err != nil {
			faults = append(faults, junitCase{Name: clean(name), Class: clean(j.Name), Skipped: &junitMessage{Message: clean(err.Error())}})
		}
	}
	if len(faults) > 0 {
		all = append(all, junitSuite{Name: clean(j.Name + ": reports"), Cases: faults})
	}
	return all
}

// file gives the suites of one report, those before a fault too.
func (r *reader) file(j *jobrecord.Job, name string) ([]junitSuite, error) {
	data, err := readBelow(j.Artifacts, name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the report: %w", err)
	}
	d := xml.NewDecoder(bytes.NewReader(repair(data)))
	d.CharsetReader = charset.NewReaderLabel
	p := parser{reader: r, job: j.Name, decoder: d}
	err = p.all()
	return p.suites, err
}

// readBelow reads a file below a directory that a job filled: neither a link
// that leads out of it nor a pipe is read.
func readBelow(dir, name string) ([]byte, error) {
	root, err := safefs.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(filepath.ToSlash(name), maxFile)
}

// reference matches a character that is named by its number.
var reference = regexp.MustCompile(`&#(?:[0-9]{1,10}|[xX][0-9a-fA-F]{1,8});`)

// otherEncoding matches the head of a report that says it is not UTF-8.
var otherEncoding = regexp.MustCompile(`(?i)^\s*<\?xml[^>]*encoding\s*=\s*["'](?:[^uU"']|u[^tT]|ut[^fF]|utf-?[^-8])`)

// repair takes what XML does not have out of a report, but which test programs
// write into one: control characters, bytes that are no text.
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
	*reader
	job     string
	decoder *xml.Decoder
	names   []string // of the suites that are open
	suites  []junitSuite
	open    int // the suite that cases go to, by its place; -1 for none
}

// errFull is why the rest of the reports is left out.
var errFull = errors.New("the rest is left out: there are too many cases, or too much text")

// maxDepth is how deep suites may be nested; nobody nests more than three.
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
		var c junitCase
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
func (p *parser) add(c junitCase) error {
	c.Name, c.Class, c.File = name(c.Name), name(c.Class), name(c.File)
	if _, err := strconv.ParseFloat(c.Time, 64); err != nil {
		c.Time = ""
	}
	if c.Class = p.job + "." + c.Class; c.Class == p.job+"." {
		c.Class = p.job
	}
	c.Class = name(c.Class)
	size := len(c.Name) + len(c.Class) + len(c.File)
	for _, m := range []*junitMessage{c.Failure, c.Error, c.Skipped} {
		if m != nil {
			m.Message, m.Type, m.Text = field(m.Message), name(m.Type), field(m.Text)
			size += len(m.Message) + len(m.Type) + len(m.Text)
		}
	}
	c.Output, c.Errout = field(c.Output), field(c.Errout)
	size += len(c.Output) + len(c.Errout)
	if p.left--; p.left < 0 {
		return errFull
	}
	if p.bytes -= size; p.bytes < 0 {
		return errFull
	}
	if p.open < 0 {
		p.suites = append(p.suites, junitSuite{Name: name(strings.Join(append([]string{p.job + ":"}, p.names...), " "))})
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
	text = strings.TrimSpace(clean(text))
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "") + "…"
	}
	return text
}

// field cuts a text to its bound: failures are told at the end.
func field(text string) string {
	text = clean(text)
	if len(text) > maxField {
		text = "…" + strings.ToValidUTF8(text[len(text)-maxField:], "")
	}
	return text
}
