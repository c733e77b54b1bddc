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
	"io/fs"
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
	Jobs       []string // names and patterns of jobs of the run; none stands for all
	Failed     bool     // only those that failed
	Follow     bool     // go on until the jobs have ended, also those that the run gets later
	Timestamps bool     // each line begins with the time at which it was written
	Out        io.Writer
}

// Show writes the logs of jobs: that of a single one as it is, those of several
// line by line with the name of the job before each, in the order in which they
// were written. It returns the names of the jobs.
func Show(ctx context.Context, o Options) (jobs []string, err error) {
	s := &show{Options: o, shown: map[string]bool{}}
	s.set(o.Run)
	defer func() {
		for _, l := range s.logs {
			l.close()
		}
	}()
	for {
		over, err := s.update() // before reading, so that the last lines are not missed
		if err == nil {
			err = s.available(over)
		}
		if err != nil || over {
			return s.names, err
		}
		select {
		case <-ctx.Done():
			return s.names, context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

type show struct {
	Options
	run      *jobrecord.Stored         // the last version read
	jobs     map[string]*jobrecord.Job // of run
	shown    map[string]bool           // has names
	names    []string                  // of the jobs shown up to now
	logs     []*log                    // that are not at their end
	prefixed bool                      // lines begin with the name of their job
	width    int                       // of names in prefixes
}

func (s *show) set(run *jobrecord.Stored) { s.run, s.jobs = run, run.ByName() }

// update reads the record again if the run is followed, and finds the jobs to
// show. It reports whether they have ended and there will be no others.
func (s *show) update() (over bool, err error) {
	live := s.Follow && jobrecord.GoesOn(s.run.Dir)
	if run, err := jobrecord.Read(s.run.Dir); s.Follow && err == nil {
		s.set(&jobrecord.Stored{Run: *run, Dir: s.run.Dir})
	}
	if live && len(s.run.Jobs) == 0 {
		return false, nil // the first ones are still to come
	}
	chosen, err := choose(s.run, s.Jobs)
	if err != nil {
		return true, err
	}
	grows := live && s.grows()
	s.add(chosen)
	s.prefixed = s.prefixed || len(s.names) > 1 || grows || live && s.Failed && len(chosen) > 1
	if live && (grows || slices.ContainsFunc(chosen, func(j *jobrecord.Job) bool { return !j.State.Ended() })) {
		return false, nil
	}
	if len(s.names) == 0 {
		return true, fmt.Errorf("no such job of run %s failed", s.run.ID)
	}
	return true, nil
}

// add adds the logs of jobs that are to be shown and are not yet.
func (s *show) add(jobs []*jobrecord.Job) {
	for _, j := range jobs {
		if s.shown[j.Name] || s.Failed && !j.Failed() {
			continue
		}
		s.shown[j.Name] = true
		s.names = append(s.names, j.Name)
		s.logs = append(s.logs, &log{job: j.Name})
		s.width = max(s.width, utf8.RuneCountInString(scheduler.ShownName(j.Name)))
	}
}

// available shows what is there. What is no whole line is shown at the end of
// its job, or with last.
func (s *show) available(last bool) error {
	for _, l := range s.logs {
		j := s.jobs[l.job]
		if l.ended = last || j != nil && j.State.Ended(); l.file != nil {
			continue
		}
		if err := l.open(s.run, j); err != nil {
			return err
		}
	}
	if err := s.lines(); err != nil {
		return err
	}
	s.logs = slices.DeleteFunc(s.logs, func(l *log) bool {
		if l.ended {
			l.close()
		}
		return l.ended
	})
	return nil
}

// lines shows the lines that are there.
func (s *show) lines() error {
	if !s.prefixed && !s.Timestamps {
		if len(s.logs) > 0 && s.logs[0].file != nil {
			_, err := io.Copy(s.Out, s.logs[0].file)
			return err
		}
		return nil
	}
	out := bufio.NewWriter(s.Out)
	open := slices.Clone(s.logs) // those that are not at their end
	for {
		var next *log
		for i, l := range open {
			if err := l.fill(); err != nil {
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
	if s.prefixed {
		out.WriteString(scheduler.Prefix(l.job, s.width))
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
	job   string
	ended bool     // there will be no more in it
	file  *os.File // nil until there is one
	times *os.File // nil if there is none
	lines *bufio.Reader
	clock *logtimes.Reader

	line   []byte
	whole  bool // line is to be shown
	at     time.Time
	offset int64 // of the end of line
}

// open opens the log once the job, nil if there is none, has one. A job that did
// not run has none, nor has a repetition that passed long ago.
func (l *log) open(run *jobrecord.Stored, j *jobrecord.Job) error {
	if j == nil || j.Log == "" || !l.ended && j.State == outcome.Waiting {
		return nil
	}
	file := run.LogFile(j)
	if file == "" {
		return fmt.Errorf("the log of job %q is not in the directory of its run: %q", j.Name, j.Log)
	}
	var err error
	if l.file, err = safefs.Open(file); errors.Is(err, fs.ErrNotExist) && j.Of != "" && j.State == outcome.Passed {
		return nil // its log is removed while the record is written
	}
	if err != nil {
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
func (l *log) fill() error {
	if l.whole || l.file == nil {
		return nil
	}
	begin := l.offset - int64(len(l.line))
	part, err := l.lines.ReadSlice('\n')
	l.line = append(l.line, part...)
	l.offset += int64(len(part))
	switch {
	case err == nil, errors.Is(err, bufio.ErrBufferFull), len(l.line) >= maxLine, errors.Is(err, io.EOF) && l.ended && len(l.line) > 0:
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
