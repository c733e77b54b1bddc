// SPDX-License-Identifier: GPL-2.0-or-later

// Package joblogs shows the logs of recorded jobs as they were shown when the
// jobs ran.
package joblogs

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/logtimes"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Options say which logs to show.
type Options struct {
	Run        *jobrecord.Stored
	Jobs       []string // names of jobs of the run
	Follow     bool     // go on until the jobs have ended
	Timestamps bool     // each line begins with the time at which it was written
	Out        io.Writer
}

// Show writes the logs of jobs: that of a single one as it is, those of several
// line by line with the name of the job before each, in the order in which they
// were written.
func Show(ctx context.Context, o Options) error {
	s := &show{Options: o}
	s.set(o.Run)
	for _, name := range o.Jobs {
		s.width = max(s.width, utf8.RuneCountInString(scheduler.ShownName(name)))
	}
	for _, name := range o.Jobs {
		s.logs = append(s.logs, &log{job: name, prefix: scheduler.Prefix(name, s.width)})
	}
	defer func() {
		for _, l := range s.logs {
			l.close()
		}
	}()
	for {
		over := !o.Follow || s.over() // before reading, so that the last lines are not missed
		if err := s.available(over); err != nil || over {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

type show struct {
	Options
	run   *jobrecord.Stored         // the last version read
	jobs  map[string]*jobrecord.Job // of run
	logs  []*log
	width int
}

func (s *show) set(run *jobrecord.Stored) { s.run, s.jobs = run, run.ByName() }

// over reads the record again and reports whether all jobs have ended.
func (s *show) over() bool {
	live := jobrecord.GoesOn(s.run.Dir)
	if run, err := jobrecord.Read(s.run.Dir); err == nil {
		s.set(&jobrecord.Stored{Run: *run, Dir: s.run.Dir})
	}
	for _, l := range s.logs {
		if j := s.jobs[l.job]; live && (j == nil || !j.State.Ended()) {
			return false
		}
	}
	return true
}

// available shows what is there, and with last what is no whole line either.
func (s *show) available(last bool) error {
	for _, l := range s.logs {
		if err := l.open(s.run, s.jobs[l.job], last); err != nil {
			return err
		}
	}
	if len(s.logs) == 1 && !s.Timestamps {
		if l := s.logs[0]; l.file != nil {
			_, err := io.Copy(s.Out, l.file)
			return err
		}
		return nil
	}
	out := bufio.NewWriter(s.Out)
	open := slices.Clone(s.logs) // those that are not at their end
	for {
		var next *log
		for i, l := range open {
			if err := l.fill(last); err != nil {
				return errors.Join(out.Flush(), err)
			}
			if l.whole && (next == nil || l.at.Before(next.at)) {
				next = l
			} else if !l.whole {
				open[i] = nil
			}
		}
		open = slices.DeleteFunc(open, func(l *log) bool { return l == nil })
		if next == nil {
			return out.Flush()
		}
		s.line(out, next)
	}
}

func (s *show) line(out *bufio.Writer, l *log) {
	if len(s.logs) > 1 {
		out.WriteString(l.prefix)
	}
	if s.Timestamps && !l.at.IsZero() {
		out.WriteString(logtimes.Stamp(l.at))
	}
	out.WriteString(termtext.LogLine(string(bytes.TrimSuffix(l.line, []byte("\n")))))
	out.WriteByte('\n')
	l.line, l.whole = l.line[:0], false
}

// maxLine is where a line is broken, in bytes, as it is while a job runs.
const maxLine = 16 << 10

type log struct {
	job    string
	prefix string
	file   *os.File // nil until there is one
	times  *os.File // nil if there is none
	lines  *bufio.Reader
	clock  *logtimes.Reader

	line   []byte
	whole  bool // line is to be shown
	at     time.Time
	offset int64 // of the end of line
}

// open opens the log once the job, nil if there is none, has one. A job that did
// not run has none.
func (l *log) open(run *jobrecord.Stored, j *jobrecord.Job, needed bool) error {
	if l.file != nil || j == nil || j.Log == "" || !needed && j.State == outcome.Waiting {
		return nil
	}
	file := run.LogFile(j)
	if file == "" {
		return fmt.Errorf("the log of job %q is not in the directory of its run: %q", j.Name, j.Log)
	}
	var err error
	if l.file, err = safefs.Open(file); err != nil {
		return fmt.Errorf("cannot read the log of job %q: %w", j.Name, err)
	}
	l.lines = bufio.NewReaderSize(l.file, maxLine)
	l.clock = logtimes.NewReader(nil)
	if l.times, err = safefs.Open(logtimes.File(file)); err == nil { // runs of earlier versions have none
		l.clock = logtimes.NewReader(l.times)
	}
	return nil
}

// fill reads on until there is a line to be shown, if there is one.
func (l *log) fill(last bool) error {
	if l.whole || l.file == nil {
		return nil
	}
	begin := l.offset - int64(len(l.line))
	part, err := l.lines.ReadSlice('\n')
	l.line = append(l.line, part...)
	l.offset += int64(len(part))
	switch {
	case err == nil, errors.Is(err, bufio.ErrBufferFull), len(l.line) >= maxLine, errors.Is(err, io.EOF) && last && len(l.line) > 0:
		l.whole = true
		l.at = cmp.Or(l.clock.At(begin), l.at)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("cannot read the log of job %q: %w", l.job, err)
	}
	return nil
}

func (l *log) close() {
	if l.file != nil {
		_ = l.file.Close()
	}
	if l.times != nil {
		_ = l.times.Close()
	}
}
