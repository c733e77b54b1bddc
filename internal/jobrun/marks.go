// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"crypto/rand"
	"io"
	"strings"
	"sync"
	"time"
)

// A CommandEvent says that a command of a script has begun or ended.
type CommandEvent struct {
	Command      // Duration is 0 until it has ended
	Number  int  // of the command in its stage, from 1
	Ended   bool // whether it has ended
}

// markFile has the word in the marks of a job. Without it there are no marks.
const markFile = stateDir + "/mark"

// markFormat is the format of a mark for printf in a shell: its word and a line
// of the steps file. Terminals ignore such an escape sequence.
const markFormat = `\033_lcitool %s %s %s\033\\`

// maxMark limits the rest of a mark after its word, in bytes.
const maxMark = 64

// maxHeld limits what a stream holds back while it waits for the other one, in
// bytes.
const maxHeld = 64 << 10

// A commandWatch reports the commands of a stage while they run. Each command
// writes a mark to both streams before it begins: a line of the steps file in an
// escape sequence. The watch removes the marks. It reports a command after all
// output of earlier commands was passed on, and before any of its own.
type commandWatch struct {
	stage    string
	commands []string
	began    time.Time // begin of the stage
	report   func(CommandEvent)

	mu      sync.Mutex
	streams [2]*markedStream
	first   time.Duration // uptime at the begin of the first command
	last    CommandEvent  // Number is 0 before the first command
	closed  bool
}

// newMark returns the content of a job's mark file: a line with a random word,
// "" if nobody wants to know the commands.
func (r *Runner) newMark() string {
	if r.Commands == nil {
		return ""
	}
	return rand.Text() + "\n"
}

// A markedStream is one of the two output streams of a stage.
type markedStream struct {
	watch *commandWatch
	to    io.Writer // nil discards
	start []byte    // of each mark
	held  []byte    // not passed on
	at    *step     // mark that the other stream has not reached, nil for none
	skip  int       // marks that were reported without waiting for this stream
}

// watch returns a watch of a stage. mark is the content of the mark file.
func watch(mark, stage string, commands []string, began time.Time, stdout, stderr io.Writer, report func(CommandEvent)) *commandWatch {
	w := &commandWatch{stage: stage, commands: commands, began: began, report: report}
	for i, to := range []io.Writer{stdout, stderr} {
		w.streams[i] = &markedStream{watch: w, to: to, start: []byte("\x1b_lcitool " + strings.TrimSpace(mark) + " ")}
	}
	return w
}

func (s *markedStream) Write(p []byte) (int, error) {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	if s.watch.closed {
		return len(p), s.pass(p)
	}
	s.held = append(s.held, p...)
	return len(p), s.watch.advance(maxHeld)
}

func (s *markedStream) pass(p []byte) error {
	if s.to == nil || len(p) == 0 {
		return nil
	}
	_, err := s.to.Write(p)
	return err
}

// advance passes on what both streams hold as far as possible. A stream that
// holds more than limit bytes does not wait for the other one.
func (w *commandWatch) advance(limit int) error {
	a, b := w.streams[0], w.streams[1]
	for {
		for _, s := range w.streams {
			if err := s.advance(); err != nil {
				return err
			}
		}
		switch {
		case a.at != nil && b.at != nil:
			w.step(*a.at)
			a.at, b.at = nil, nil
		case a.at != nil && len(a.held) > limit:
			w.step(*a.at)
			a.at, b.skip = nil, b.skip+1
		case b.at != nil && len(b.held) > limit:
			w.step(*b.at)
			b.at, a.skip = nil, a.skip+1
		default:
			return nil
		}
	}
}

// advance passes on what the stream holds up to the next mark.
func (s *markedStream) advance() error {
	for s.at == nil {
		text, found, rest := s.next()
		err := s.pass(text)
		s.held = append(s.held[:0], rest...)
		if err != nil || found == nil {
			return err
		}
		if s.skip > 0 {
			s.skip--
			continue
		}
		s.at = found
	}
	return nil
}

// next returns what precedes the next mark, the mark, and what follows it.
// Without a whole mark, rest is what may be the beginning of one.
func (s *markedStream) next() (text []byte, mark *step, rest []byte) {
	from := 0
	for {
		i := bytes.Index(s.held[from:], s.start)
		if i < 0 {
			break
		}
		i += from
		tail := s.held[i+len(s.start):]
		end := bytes.Index(tail[:min(len(tail), maxMark)], []byte("\x1b\\"))
		if end < 0 && len(tail) < maxMark {
			return s.held[:i], nil, s.held[i:]
		}
		if end >= 0 {
			if steps := parseSteps(string(tail[:end])); len(steps) == 1 {
				return s.held[:i], &steps[0], tail[end+2:]
			}
		}
		from = i + len(s.start)
	}
	cut := len(s.held)
	if i := bytes.LastIndexByte(s.held, '\x1b'); i >= from && bytes.HasPrefix(s.start, s.held[i:]) {
		cut = i
	}
	return s.held[:cut], nil, s.held[cut:]
}

// step reports what a mark says. A script can write marks of its own, so those
// out of order are ignored.
func (w *commandWatch) step(s step) {
	if s.n != 0 && (s.n <= w.last.Number || s.n > len(w.commands)) {
		return
	}
	if w.last.Number == 0 {
		w.first = s.up
	}
	at := w.began.Add(max(0, s.up-w.first))
	w.end(at)
	if s.n != 0 {
		w.last = CommandEvent{Command: Command{Stage: w.stage, Text: w.commands[s.n-1], Started: at}, Number: s.n}
		w.report(w.last)
	}
}

// end reports that the command that runs has ended, if there is one.
func (w *commandWatch) end(at time.Time) {
	if w.last.Number == 0 || w.last.Ended {
		return
	}
	w.last.Ended, w.last.Duration = true, max(0, at.Sub(w.last.Started))
	w.report(w.last)
}

// close ends the watch of a stage that ended at a time.
func (w *commandWatch) close(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.advance(-1) // an error ended the stage
	for _, s := range w.streams {
		_ = s.pass(s.held)
	}
	w.closed = true
	w.end(at)
}
