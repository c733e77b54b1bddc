// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import "iter"

// A logReader reads a log line by line. It passes over the list of what is
// installed, which projects print at the beginning of a job: packages are
// compared by themselves, and every log would part there.
type logReader struct {
	next   func() (string, error, bool)
	same   func(line string) string
	listed map[string]bool // lines of the image's /packages.txt
	read   int             // lines
	seen   []*line         // those that are read but not passed
}

// A line is one of a log.
type line struct {
	text   string
	number int // from 1
	reader *logReader
	form   string // what it is compared by, once somebody asked
}

// same gives what a line is compared by.
func (l *line) same() string {
	if l.form == "" {
		l.form = l.reader.same(l.text)
	}
	return l.form
}

// equals reports whether two lines are the same. Most are to the letter.
func (l *line) equals(other *line) bool { return l.text == other.text || l.same() == other.same() }

func newLogReader(in *Input) (*logReader, func()) {
	next, stop := iter.Pull2(in.Run.Lines(in.Job))
	l := &logReader{next: next, same: newSame(in.Job.WorkDir), listed: map[string]bool{}}
	for _, text := range in.Job.Packages {
		l.listed[text] = true
	}
	return l, stop
}

// peek gives the next lines that are to be compared, n at most.
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

// pass goes on by lines that were seen.
func (l *logReader) pass(n int) { l.seen = l.seen[n:] }

// number is that of the next line, or the one after the last.
func (l *logReader) number() int {
	if len(l.seen) > 0 {
		return l.seen[0].number
	}
	return l.read + 1
}

// skip passes over a number of lines.
func (l *logReader) skip(lines int) error {
	for range lines {
		if _, err, _ := l.next(); err != nil {
			return err
		}
		l.read++
	}
	return nil
}
