// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"context"
	"io"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// A Console is where a run is shown.
type Console struct {
	Stdout, Stderr io.Writer
	Live           bool // Stderr is a terminal that can move its cursor, an *os.File
	Verbose        bool // show all that builds of images say, instead of a line a step
	Color          bool // colour how tasks ended; only for a terminal
	Sections       bool // Stderr is a log that GitLab shows

	// Program gives the writer for what a single task prints to a stream; done
	// is called when the task has ended.
	Program func(stream io.Writer) (w io.Writer, done func())
	// Redirect sends messages to w, above the lines of tasks that run, until
	// restore is called.
	Redirect func(w io.Writer) (restore func())
}

// Show begins to show tasks that run in parallel; done ends it.
func (c Console) Show(parallel int, names ...string) (d *Display, done func()) {
	d = New(Options{Out: c.Stderr, Live: c.Live, Color: c.Live && c.Color, Sections: c.Sections, Parallel: parallel, Names: names})
	restore := c.Redirect(d)
	return d, func() { restore(); d.Close() }
}

// Run runs tasks. A single one has the console to itself; of several, each has
// a line on a terminal, and its name before its lines elsewhere.
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
		s.Stdout, s.Stderr = nil, nil // the display has the last line of each
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
