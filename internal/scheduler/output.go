// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/internal/buildsteps"
	"gitlab.com/lcitool/lcitool/internal/logtimes"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// maxLine is where a line without an end is broken, in bytes, so that what a
// workload says never fills our memory.
const maxLine = 16 << 10

// maxWhole is about how many bytes of whole lines are passed on at once.
const maxWhole = 64 << 10

// maxLog is how much of what one task says its log takes, in bytes: more than
// anybody reads, less than what fills a disk.
const maxLog = 256 << 20

// A sink is where whole lines of several tasks come together.
type sink struct {
	mu             sync.Mutex
	stdout, stderr io.Writer
	watcher        *watcher
	lines          func(Line) // nil means nobody listens
	raw            bool
	quiet, live    bool // as Scheduler has them
	timestamps     bool // each line begins with its time
}

// An output takes what one workload says: as it is to its log, and line by
// line to the sink. Writing to it never fails, since neither a full disk nor a
// reader that is gone is a failure of the workload.
type output struct {
	stdout, stderr, build *lines
	failure               outcome.FailingLine
	path                  string
	task                  string

	mu        sync.Mutex // of the three streams that share the log and failure
	log       *os.File
	timesFile *os.File         // nil if there is none
	times     *logtimes.Writer // nil once it cannot be written
	left      int              // bytes that the log still takes
	shown     int64            // so many bytes of the log were shown after failed builds
}

// newOutput makes the output of a task. The log has no times if timesFile is
// nil.
func newOutput(to *sink, secrets *redact.Redactor, task, prefix string, log, timesFile *os.File) *output {
	o := &output{log: log, path: log.Name(), task: task, left: maxLog, timesFile: timesFile}
	if timesFile != nil {
		o.times = logtimes.NewWriter(timesFile)
	}
	o.stdout = &lines{output: o, sink: to, to: to.stdout, prefix: prefix, name: "stdout"}
	o.stderr = &lines{output: o, sink: to, to: to.stderr, prefix: prefix, name: "stderr"}
	o.build = &lines{output: o, sink: to, to: to.stderr, prefix: prefix, name: "build"}
	if to.quiet {
		o.build.steps = &buildsteps.Steps{Live: to.live}
	}
	for _, l := range []*lines{o.build, o.stdout, o.stderr} {
		l.hidden = secrets.Writer(passing{l})
	}
	return o
}

// end takes unfinished lines as whole ones.
func (o *output) end() {
	for _, l := range []*lines{o.build, o.stdout, o.stderr} {
		o.mu.Lock()
		_ = l.hidden.Flush() // never fails
		if len(l.line) > 0 {
			l.finish()
			l.flush()
		}
		o.mu.Unlock()
	}
}

// closeFailure is called when nothing more is said about the failure.
func (o *output) closeFailure() {
	o.end()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failure.Close()
}

func (o *output) close() {
	_ = o.log.Close()
	if o.timesFile != nil {
		_ = o.timesFile.Close()
	}
}

// lines is one stream of an output.
type lines struct {
	output *output
	sink   *sink
	hidden *redact.Writer // what is written goes through it
	to     io.Writer
	prefix string
	name   string    // of the stream
	line   []byte    // the unfinished one, no longer than maxLine
	begun  time.Time // when it began
	raw    bool      // the terminal is within a line
	whole  []byte    // lines for the sink, which takes many at once
	last   string    // of these

	steps *buildsteps.Steps // all that is shown; nil for what was written
}

func (l *lines) Write(p []byte) (int, error) {
	l.output.mu.Lock()
	defer l.output.mu.Unlock()
	return l.hidden.Write(p)
}

// passing takes what a stream says once no secret is in it. It is called with
// the lock.
type passing struct{ *lines }

func (l passing) Write(p []byte) (int, error) {
	if err := l.output.keep(p); err != nil {
		l.sink.warn(l.prefix, fmt.Sprintf("warning: the log of %s is incomplete: %v", termtext.Line(l.output.task), err))
	}
	now := time.Now()
	if l.sink.raw && l.to != nil && l.steps == nil {
		_, _ = l.to.Write(l.stamped(p, now))
	}
	for rest := p; len(rest) > 0; {
		if len(l.line) == 0 {
			l.begun = now
		}
		end := bytes.IndexByte(rest, '\n')
		part := rest[:min(len(rest), maxLine-len(l.line))]
		whole := end >= 0 && end <= len(part)
		if whole {
			part = rest[:end]
		}
		l.line = append(l.line, part...)
		rest = rest[len(part):]
		if whole {
			rest = rest[1:]
		}
		if whole || len(l.line) == maxLine {
			l.finish()
		}
	}
	l.flush()
	return len(p), nil
}

// stamped puts the time before each line that begins in p.
func (l *lines) stamped(p []byte, now time.Time) []byte {
	if !l.sink.timestamps {
		return p
	}
	var out []byte
	for line := range bytes.Lines(p) {
		if !l.raw {
			out = append(out, logtimes.Stamp(now)...)
		}
		out = append(out, line...)
		l.raw = line[len(line)-1] != '\n'
	}
	return out
}

// keep writes to the log what it still takes. The error of a disk is returned
// once, and ends the log.
func (o *output) keep(p []byte) error {
	if o.left == 0 {
		return nil
	}
	part := p[:min(len(p), o.left)]
	if o.times != nil {
		if o.times.Wrote(len(part), time.Now()) != nil {
			o.times = nil
		}
	}
	if _, err := o.log.Write(part); err != nil {
		o.left = 0
		return err
	}
	if o.left -= len(part); o.left == 0 {
		_, _ = fmt.Fprintf(o.log, "\nThe log ends here: more than %d MiB.\n", maxLog>>20)
	}
	return nil
}

// warn writes a line of our own between those of the tasks.
func (s *sink) warn(prefix, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stderr != nil {
		_, _ = io.WriteString(s.stderr, prefix+text+"\n")
	}
}

// finish takes the unfinished line as a whole one.
func (l *lines) finish() {
	text := termtext.LogLine(string(l.line))
	l.line = l.line[:0]
	l.output.failure.See(text)
	if l.sink.lines != nil {
		l.sink.lines(Line{Time: l.begun, Task: l.output.task, Stream: l.name, Text: text})
	}
	switch {
	case l.to == nil:
	case l.steps != nil:
		l.show(l.steps.Line(text, l.begun))
	case !l.sink.raw:
		l.add(text)
	}
	l.last = text
	if len(l.whole) >= maxWhole {
		l.flush()
	}
}

// add takes a line for the sink.
func (l *lines) add(text string) {
	l.whole = append(l.whole, l.prefix...)
	if l.sink.timestamps {
		l.whole = append(l.whole, logtimes.Stamp(l.begun)...)
	}
	l.whole = append(append(l.whole, text...), '\n')
}

// flush passes the whole lines on, the last one to the watcher as well.
func (l *lines) flush() {
	if l.last == "" && len(l.whole) == 0 {
		return
	}
	l.sink.mu.Lock()
	defer l.sink.mu.Unlock()
	if len(l.whole) > 0 {
		_, _ = l.to.Write(l.whole)
	}
	l.sink.watcher.notify(Event{Task: l.output.task, Line: l.last})
	l.whole, l.last = l.whole[:0], ""
}
