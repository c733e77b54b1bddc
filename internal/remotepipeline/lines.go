// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"bytes"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// section matches the section markers of a log, up to the carriage return that
// hides them on a terminal.
var section = lazyregexp.New(`section_(?:start|end):[0-9]+:[^\s\[\]]+(?:\[[^\]]*\])?\r`)

// stamp matches the timestamp that GitLab Runner puts in front of each line:
// date and time, stream number, O for stdout or E for stderr, and "+" if the
// line continues the previous one.
var stamp = lazyregexp.New(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [0-9a-f]{2}[OE][ +]`)

// plain makes a line safe for a terminal. It keeps the last state of text that
// is overwritten with carriage returns, removes colours and replaces other
// control characters.
func plain(line string) string {
	line = stamp.ReplaceAllString(line, "")
	if strings.Contains(line, "section_") {
		line = section.ReplaceAllString(line, "")
	}
	return termtext.LogLine(line)
}

// maxLine is the size at which a long line is broken, in bytes.
const maxLine = 16 << 10

// A lineWriter splits a log into lines and makes them plain. It skips lines that
// contain only section markers.
type lineWriter struct {
	told int64 // bytes of the lines that were passed on, from the log's beginning
	skip int64 // bytes still to come that were passed on before
	tell func(line string)
	line []byte
}

// restart prepares to read the same log from its beginning.
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

// flush passes on the unfinished line.
func (w *lineWriter) flush() {
	raw := string(w.line)
	w.told += int64(len(raw))
	w.line = w.line[:0]
	if text := plain(raw); text != "" || !strings.Contains(raw, "section_") {
		w.tell(text)
	}
}

func (w *lineWriter) end() {
	if len(w.line) > 0 {
		w.flush()
	}
}
