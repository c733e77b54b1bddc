// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"fmt"
	"iter"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

const (
	context  = 3   // lines before the first one that differs
	ahead    = 200 // lines of each log that are looked at after it
	perSide  = 12  // lines of each log that are shown of one difference
	longLine = 500 // bytes of a line that are shown
)

// A Parting is where two logs begin to differ.
type Parting struct {
	Left  int    `json:"left"`  // number of the first line that differs, from 1; that after the last one if the log ends
	Right int    `json:"right"` // the same of the other log
	Lines []Line `json:"lines"` // of both logs from some lines before it on
}

// A Line is one of a Parting.
type Line struct {
	Side string `json:"side"` // "left", "right", or "both" if they do not differ there
	Text string `json:"text"`
}

// A logReader reads a log line by line. It passes over the list of what is
// installed, which projects print at the beginning of a job: packages are
// compared by themselves, and every log would part there.
type logReader struct {
	next   func() (string, error, bool)
	same   func(line string) string
	listed map[string]bool // lines of the image's /packages.txt
	number int             // of lines read
}

func newLogReader(in *Input) (*logReader, func()) {
	next, stop := iter.Pull2(in.Run.Lines(in.Job))
	l := &logReader{next: next, same: newSame(in.Job.WorkDir), listed: map[string]bool{}}
	for _, line := range in.Job.Packages {
		l.listed[line] = true
	}
	return l, stop
}

// line gives the next line that is to be compared; ok is false at the end.
func (l *logReader) line() (text string, ok bool, err error) {
	for {
		text, ok, err = l.any()
		if !ok || !l.listed[text] {
			return text, ok, err
		}
	}
}

// any gives the next line, whatever it is.
func (l *logReader) any() (text string, ok bool, err error) {
	text, err, ok = l.next()
	if ok && err == nil {
		l.number++
	}
	return text, ok && err == nil, err
}

// skip passes over a number of lines.
func (l *logReader) skip(lines int) error {
	for range lines {
		if _, _, err := l.any(); err != nil {
			return err
		}
	}
	return nil
}

// begin counts the lines before the first command that a script shows: what
// making an image says there is not what a job does. It is -1 if there is no
// command.
func begin(in *Input) (int, error) {
	n := 0
	for line, err := range in.Run.Lines(in.Job) {
		if err != nil {
			return 0, err
		}
		if strings.HasPrefix(line, "$ ") {
			return n, nil
		}
		n++
	}
	return -1, nil
}

// compareLogs finds where two logs part, nil if they do not.
func compareLogs(left, right *Input) (*Parting, error) {
	a, stopA := newLogReader(left)
	defer stopA()
	b, stopB := newLogReader(right)
	defer stopB()
	beginA, err := begin(left)
	if err != nil {
		return nil, err
	}
	beginB, err := begin(right)
	if err != nil {
		return nil, err
	}
	if beginA >= 0 && beginB >= 0 {
		if err := a.skip(beginA); err != nil {
			return nil, err
		}
		if err := b.skip(beginB); err != nil {
			return nil, err
		}
	}
	return part(a, b)
}

// part reads both logs until they differ.
func part(a, b *logReader) (*Parting, error) {
	var before []string
	for {
		lineA, okA, err := a.line()
		if err != nil {
			return nil, err
		}
		lineB, okB, err := b.line()
		if err != nil {
			return nil, err
		}
		if !okA && !okB {
			return nil, nil
		}
		if okA && okB && (lineA == lineB || a.same(lineA) == b.same(lineB)) {
			before = append(before[max(0, len(before)-context+1):], lineA)
			continue
		}
		p := &Parting{Left: a.number, Right: b.number}
		linesA, err := a.rest(lineA, okA, &p.Left)
		if err != nil {
			return nil, err
		}
		linesB, err := b.rest(lineB, okB, &p.Right)
		if err != nil {
			return nil, err
		}
		for _, line := range before {
			p.add("both", line)
		}
		p.hunk(linesA, linesB, a, b)
		return p, nil
	}
}

// rest reads on from a line that differs, or from the end of the log, after
// which the line would be.
func (l *logReader) rest(first string, ok bool, number *int) ([]string, error) {
	if !ok {
		*number++
		return nil, nil
	}
	lines := []string{first}
	for len(lines) < ahead {
		line, ok, err := l.line()
		if err != nil || !ok {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// hunk adds the first difference of lines that begin with one, and what comes
// after it.
func (p *Parting) hunk(a, b []string, left, right *logReader) {
	m := difflib.NewMatcherWithJunk(left.normal(a), right.normal(b), false, nil)
	for _, code := range m.GetOpCodes() {
		if code.Tag == 'e' {
			for _, line := range a[code.I1:min(code.I2, code.I1+context)] {
				p.add("both", line)
			}
			return
		}
		p.side("left", a[code.I1:code.I2])
		p.side("right", b[code.J1:code.J2])
	}
}

func (p *Parting) side(side string, lines []string) {
	for _, line := range lines[:min(len(lines), perSide)] {
		p.add(side, line)
	}
	if more := len(lines) - perSide; more > 0 {
		p.add(side, fmt.Sprintf("… %d more", more))
	}
}

func (p *Parting) add(side, line string) {
	if len(line) > longLine {
		line = strings.ToValidUTF8(line[:longLine], "") + "…"
	}
	p.Lines = append(p.Lines, Line{side, line})
}

func (l *logReader) normal(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = l.same(line)
	}
	return out
}
