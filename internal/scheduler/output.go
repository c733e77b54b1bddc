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

// maxLine is the size at which a long line is broken, in bytes. It limits the
// memory for a line.
const maxLine = 16 << 10

// maxWhole is the approximate size at which buffered lines are written, in
// bytes.
const maxWhole = 64 << 10

// maxLog limits the size of one task's log, in bytes, so that it does not fill
// the disk.
const maxLog = 256 << 20

// A sink merges the lines of several tasks.
type sink struct {
	mu             sync.Mutex
	stdout, stderr io.Writer
	watcher        *watcher
	lines          func(Line) // nil means nobody listens
	raw            bool
	quiet, live    bool // see Scheduler
	timestamps     bool // print the time before each line
}

// An output receives a task's output. It writes it unchanged to the log, and
// line by line to the sink. Writing never fails, because neither a full disk nor
// a closed pipe is a failure of the task.
type output struct {
	stdout, stderr, build *lines
	failure               outcome.FailingLine
	path                  string
	task                  string

	mu        sync.Mutex // guards the log and failure, which the three streams share
	log       *os.File
	timesFile *os.File         // may be nil
	times     *logtimes.Writer // nil after a write error
	left      int              // bytes left until maxLog
	shown     int64            // offset in the log up to which showLog has printed
}

// newOutput creates the output of a task. timesFile may be nil.
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

// end handles unfinished lines as if they had ended.
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

// endScript is called when a script has ended. Only output of the first one that
// has not passed is the reason of a failure.
func (o *output) endScript(passed bool) {
	o.end()
	o.mu.Lock()
	defer o.mu.Unlock()
	if passed {
		o.failure.Restart()
	} else {
		o.failure.Close()
	}
}

func (o *output) close() {
	_ = o.log.Close()
	if o.timesFile != nil {
		_ = o.timesFile.Close()
	}
}

type lines struct {
	output *output
	sink   *sink
	hidden *redact.Writer // what is written goes through it
	to     io.Writer
	prefix string
	name   string    // of the stream
	line   []byte    // the unfinished line, at most maxLine bytes
	begun  time.Time // when it began
	raw    bool      // the terminal's cursor is within a line
	whole  []byte    // buffered lines for the sink
	last   string    // last line in whole

	steps *buildsteps.Steps // if set, only build steps are printed
}

func (l *lines) Write(p []byte) (int, error) {
	l.output.mu.Lock()
	defer l.output.mu.Unlock()
	return l.hidden.Write(p)
}

// passing receives a stream after masking. The caller holds output.mu.
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

// stamped adds the time before each line that begins in p.
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

// keep writes to the log up to its size limit. It returns a write error once and
// then stops.
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

// warn prints a line of lcitool's own between those of the tasks.
func (s *sink) warn(prefix, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stderr != nil {
		_, _ = io.WriteString(s.stderr, prefix+text+"\n")
	}
}

// finish handles the unfinished line as if it had ended.
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

func (l *lines) add(text string) {
	l.whole = append(l.whole, l.prefix...)
	if l.sink.timestamps {
		l.whole = append(l.whole, logtimes.Stamp(l.begun)...)
	}
	l.whole = append(append(l.whole, text...), '\n')
}

// flush writes the buffered lines and passes the last one to the watcher.
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
