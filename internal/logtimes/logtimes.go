// SPDX-License-Identifier: GPL-2.0-or-later

// Package logtimes records when each part of a log was written.
//
// The times of NAME.log are in NAME.times beside it, so that the log itself has
// the bytes of the job and nothing else. Each line is an offset into the log and
// the time, in milliseconds since 1970, at which the bytes from there on were
// written.
package logtimes

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// File is the file with the times of a log, by the file of the log.
func File(log string) string { return strings.TrimSuffix(log, ".log") + ".times" }

// Stamp is a time as it stands before a line: "2026-11-28T10:30:00.123Z ".
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z ") }

// A Writer writes the times of one log.
type Writer struct {
	to     io.Writer
	offset int64
	last   int64 // milliseconds of the last line
}

// NewWriter returns a Writer for an empty log.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Wrote records that n bytes were appended to the log. It writes nothing within
// the millisecond of the previous call.
func (w *Writer) Wrote(n int, at time.Time) error {
	offset, ms := w.offset, at.UnixMilli()
	w.offset += int64(n)
	if n == 0 || ms == w.last {
		return nil
	}
	w.last = ms
	_, err := fmt.Fprintf(w.to, "%d %d\n", offset, ms)
	return err
}

// A Reader reads the times of one log, which may still grow.
type Reader struct {
	from    *bufio.Reader
	partial string // of a line that is not whole yet
	at      time.Time
	next    int64 // offset from which on nextAt holds; -1 if not read yet
	nextAt  time.Time
}

// NewReader returns a Reader. One of nil knows no times.
func NewReader(from io.Reader) *Reader {
	r := &Reader{next: -1}
	if from != nil {
		r.from = bufio.NewReader(from)
	}
	return r
}

// At returns when the byte at an offset was written, the zero time if that is not
// known. Offsets must not go back from call to call.
func (r *Reader) At(offset int64) time.Time {
	for {
		if r.next < 0 && !r.read() {
			return r.at
		}
		if r.next > offset {
			return r.at
		}
		r.at, r.next = r.nextAt, -1
	}
}

// read reads the next line, if there is a whole one.
func (r *Reader) read() bool {
	if r.from == nil {
		return false
	}
	for {
		text, err := r.from.ReadString('\n')
		r.partial += text
		if err != nil || len(r.partial) > maxLine {
			return false
		}
		line := r.partial
		r.partial = ""
		var ms int64
		if _, err := fmt.Sscanf(line, "%d %d\n", &r.next, &ms); err == nil && r.next >= 0 {
			r.nextAt = time.UnixMilli(ms)
			return true
		}
		r.next = -1
	}
}

// maxLine bounds a line, in bytes: a foreign file is not read to its
// end.
const maxLine = 64
