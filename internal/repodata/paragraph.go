// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errLongLine is returned for a line longer than those of real indexes.
var errLongLine = errors.New("a line is too long")

const maxLine = 1 << 20

// maxField limits the lines of one field together. The largest is the list of
// files of a Release file.
const maxField = maxRelease

// A lineReader reads lines, and distinguishes a truncated text from an invalid
// one.
type lineReader struct {
	*bufio.Scanner
	in failingReader
}

// A failingReader remembers why reading ended.
type failingReader struct {
	r   io.Reader
	err error // never io.EOF
}

func (f *failingReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func newLineReader(r io.Reader) *lineReader {
	l := &lineReader{in: failingReader{r: r}}
	l.Scanner = bufio.NewScanner(&l.in)
	l.Buffer(make([]byte, 0, 64<<10), maxLine)
	return l
}

// blame returns the reason for an invalid line: a read error if the line was
// truncated by one.
func (l *lineReader) blame(err error) error {
	if l.in.err != nil {
		return l.in.err
	}
	return err
}

// err is why there are no more lines; nil at the end of the text.
func (l *lineReader) err() error {
	if errors.Is(l.Err(), bufio.ErrTooLong) {
		return errLongLine
	}
	return l.Err()
}

// paragraphs reads "Key: value" fields in blocks divided by empty lines, as in
// Debian's indexes, and hands over the wanted fields of each block; a field's
// further lines follow its first, divided by newlines. The map and what it
// holds are good until the function returns.
//
// pault.ag/go/debian/control reads the same, but its time grows with the square
// of a field's lines, and this text is untrusted.
func paragraphs(r io.Reader, wanted map[string]bool, each func(fields map[string]string) error) error {
	lines := newLineReader(r)
	p := paragraph{fields: map[string]string{}}
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimRight(lines.Bytes(), "\r")
		if len(line) == 0 {
			if err := p.end(each); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			continue
		}
		if err := p.line(line, wanted); err != nil {
			return lines.blame(fmt.Errorf("line %d: %w", n, err))
		}
	}
	if err := lines.err(); err != nil {
		return err
	}
	return p.end(each)
}

// A paragraph is one block while it is being read.
type paragraph struct {
	fields map[string]string
	key    string // of the field that further lines belong to; empty when it is not wanted
	value  []byte
	any    bool
}

func (p *paragraph) line(line []byte, wanted map[string]bool) error {
	if line[0] == '#' {
		return nil
	}
	if line[0] == ' ' || line[0] == '\t' {
		if !p.any {
			return errors.New("a further line of no field")
		}
		if p.key == "" {
			return nil
		}
		if len(p.value)+len(line) > maxField {
			return fmt.Errorf("more than %d bytes in field %q", maxField, p.key)
		}
		p.value = append(append(p.value, '\n'), bytes.TrimSpace(line)...)
		return nil
	}
	p.store()
	key, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return errors.New("neither a field nor a further line of one")
	}
	p.any = true
	if k := strings.ToLower(string(bytes.TrimSpace(key))); wanted[k] {
		p.key = k
		p.value = append(p.value[:0], bytes.TrimSpace(value)...)
	}
	return nil
}

func (p *paragraph) store() {
	if p.key != "" {
		p.fields[p.key] = string(p.value)
	}
	p.key = ""
}

func (p *paragraph) end(each func(map[string]string) error) error {
	p.store()
	if !p.any {
		return nil
	}
	p.any = false
	err := each(p.fields)
	clear(p.fields)
	return err
}
