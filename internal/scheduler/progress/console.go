// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"context"
	"io"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// A Console says where and how progress and output are shown.
type Console struct {
	Stdout, Stderr io.Writer
	Live           bool // Stderr is a terminal that can move its cursor, an *os.File
	Verbose        bool // show all that builds of images say, instead of a line a step
	Color          bool // colour how tasks ended; only for a terminal
	Sections       bool // Stderr is the log of a GitLab job

	// Program returns the writer for the output of a single task to stream. The
	// caller calls done when the task has ended.
	Program func(stream io.Writer) (w io.Writer, done func())
	// Redirect sends messages to w, above the lines of running tasks, until
	// restore is called.
	Redirect func(w io.Writer) (restore func())
}

// Show starts to display tasks. The caller must call done.
func (c Console) Show(parallel int, names ...string) (d *Display, done func()) {
	d = New(Options{Out: c.Stderr, Live: c.Live, Color: c.Live && c.Color, Sections: c.Sections, Parallel: parallel, Names: names})
	restore := c.Redirect(d)
	return d, func() { restore(); d.Close() }
}

// Run runs tasks. The output of a single task is passed through. With several
// tasks, a terminal shows one line per task; otherwise each line of output has
// the task's name in front.
func (c Console) Run(ctx context.Context, s *scheduler.Scheduler, tasks []scheduler.Task) ([]outcome.Result, error) {
	s.Quiet, s.Live = !c.Verbose, c.Live
	if len(tasks) == 1 {
		var stdoutDone, stderrDone func()
		s.Raw = true
		s.Stdout, stdoutDone = c.Program(c.Stdout)
		s.Stderr, stderrDone = c.Program(c.Stderr)
		defer stdoutDone()
		defer stderrDone()
		return s.Run(ctx, tasks)
	}
	var names []string
	for _, t := range tasks {
		names = append(names, t.Name)
	}
	d, done := c.Show(s.Parallel, names...)
	defer done()
	s.Stdout, s.Stderr = c.Stdout, d
	if c.Live {
		s.Stdout, s.Stderr = nil, nil // the display shows the last line of each task
	}
	watch := s.Watch
	s.Watch = func(e scheduler.Event) {
		d.Event(e)
		if watch != nil {
			watch(e)
		}
	}
	return s.Run(ctx, tasks)
}
