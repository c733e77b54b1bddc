// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import "iter"

// A logReader reads a log line by line. It skips the list of installed packages
// that projects print at the beginning of a job. Packages are compared
// separately, and logs would always differ there.
type logReader struct {
	next   func() (string, error, bool)
	same   func(line string) string
	listed map[string]bool // lines of the image's /packages.txt
	read   int             // lines
	seen   []*line         // lines that were read but not passed
}

type line struct {
	text   string
	number int // from 1
	reader *logReader
	form   string // what it is compared by, once somebody asked
}

// same returns the normalized text of a line.
func (l *line) same() string {
	if l.form == "" {
		l.form = l.reader.same(l.text)
	}
	return l.form
}

// equals compares normalized texts. Most equal lines are identical.
func (l *line) equals(other *line) bool { return l.text == other.text || l.same() == other.same() }

func newLogReader(in *Input) (*logReader, func()) {
	next, stop := iter.Pull2(in.Run.Lines(in.Job))
	l := &logReader{next: next, same: newSame(in.Job.WorkDir), listed: map[string]bool{}}
	for _, text := range in.Job.Packages {
		l.listed[text] = true
	}
	return l, stop
}

// peek returns the next lines to compare, at most n.
func (l *logReader) peek(n int) ([]*line, error) {
	for len(l.seen) < n {
		text, err, ok := l.next()
		if err != nil || !ok {
			return l.seen, err
		}
		if l.read++; !l.listed[text] {
			l.seen = append(l.seen, &line{text: text, number: l.read, reader: l})
		}
	}
	return l.seen[:n], nil
}

// pass consumes n lines that peek returned.
func (l *logReader) pass(n int) { l.seen = l.seen[n:] }

// number returns the number of the next line, or that after the last one.
func (l *logReader) number() int {
	if len(l.seen) > 0 {
		return l.seen[0].number
	}
	return l.read + 1
}

func (l *logReader) skip(lines int) error {
	for range lines {
		if _, err, _ := l.next(); err != nil {
			return err
		}
		l.read++
	}
	return nil
}
