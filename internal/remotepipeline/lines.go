// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"bytes"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// section matches the marks that make parts of a log fold, as far as the
// carriage return that hides them on a terminal.
var section = lazyregexp.New(`section_(?:start|end):[0-9]+:[^\s\[\]]+(?:\[[^\]]*\])?\r`)

// stamp matches the time that runners put before each line: date and time,
// number of the stream, whether it is of the job or of the runner, and "+" if
// the line goes on.
var stamp = lazyregexp.New(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [0-9a-f]{2}[OE][ +]`)

// plain keeps text from steering the terminal: of what a progress display
// writes over and over the last state stays, colours go, other control
// characters are replaced.
func plain(line string) string {
	line = stamp.ReplaceAllString(line, "")
	if strings.Contains(line, "section_") {
		line = section.ReplaceAllString(line, "")
	}
	return termtext.LogLine(line)
}

// maxLine is where a line without an end is broken, in bytes.
const maxLine = 16 << 10

// A lineWriter passes whole lines of a log on, made plain. A line that holds
// nothing but marks is left out.
type lineWriter struct {
	told int64 // bytes of the lines that were passed on, from the log's beginning
	skip int64 // bytes still to come that were passed on before
	tell func(line string)
	line []byte
}

// restart readies it for the same log from its beginning.
func (w *lineWriter) restart() { w.skip, w.line = w.told, w.line[:0] }

func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	if skipped := min(w.skip, int64(n)); skipped > 0 {
		w.skip -= skipped
		p = p[skipped:]
	}
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		part := p[:min(len(p), maxLine-len(w.line))]
		whole := end >= 0 && end <= len(part)
		if whole {
			part = p[:end]
		}
		w.line = append(w.line, part...)
		p = p[len(part):]
		if whole {
			p = p[1:]
			w.told++
		}
		if whole || len(w.line) == maxLine {
			w.flush()
		}
	}
	return n, nil
}

// flush passes the unfinished line on as a whole one.
func (w *lineWriter) flush() {
	raw := string(w.line)
	w.told += int64(len(raw))
	w.line = w.line[:0]
	if text := plain(raw); text != "" || !strings.Contains(raw, "section_") {
		w.tell(text)
	}
}

// end passes on what is left.
func (w *lineWriter) end() {
	if len(w.line) > 0 {
		w.flush()
	}
}
