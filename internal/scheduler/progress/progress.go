// SPDX-License-Identifier: GPL-2.0-or-later

// Package progress shows the progress of tasks.
//
// On a terminal, each running task has a line that is updated; the line of a
// task that has ended scrolls up. Otherwise a line is printed when a task starts
// or ends.
package progress

import (
	"io"
	"slices"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// refresh is the interval at which a terminal is redrawn.
const refresh = 100 * time.Millisecond

// Options say where and how to show progress.
type Options struct {
	Out      io.Writer // stderr
	Live     bool      // Out is a terminal that can move its cursor, an *os.File
	Color    bool      // colour how tasks ended; only for a terminal
	Sections bool      // Out is a log that GitLab shows: a collapsed section a task, if they run one by one
	Parallel int       // tasks that run at a time; 0 means 1
	Names    []string  // of all tasks
}

// A Display shows tasks. It is safe for concurrent use.
type Display struct {
	o      Options
	rows   func() int    // height of the terminal
	bars   *mpb.Progress // nil without a terminal
	bar    *mpb.Bar      // the block of lines at the bottom
	block  []string      // lines of the frame being drawn
	column int           // width of the longest name
	close  sync.Once
	out    sync.Mutex // held during a write

	mu      sync.Mutex
	tasks   map[string]*task
	running []*task // in the order of their start
	ended   map[outcome.State]int
	waiting int
	started time.Time
}

type task struct {
	name  string // as it may be shown
	state outcome.State
	since time.Time // it runs
	line  string    // that it said last
}

// New starts to display tasks. The caller must call Close.
func New(o Options) *Display {
	b := &Display{
		o: o, rows: height(o.Out), tasks: map[string]*task{}, ended: map[outcome.State]int{}, started: time.Now(),
	}
	for _, name := range o.Names {
		b.task(name)
	}
	if o.Live {
		b.bars = mpb.New(mpb.WithConsoleWriter(newTerminal(o.Out)), mpb.WithRefreshRate(refresh), mpb.WithAutoRefresh())
		b.bar, _ = b.bars.Add(0, mpb.BarFillerFunc(b.firstLine), mpb.BarFillerTrim(), // fails only after Wait
			mpb.BarExtender(mpb.BarFillerFunc(b.otherLines), false))
	}
	return b
}

// task returns the task called name. A new one is waiting. The caller holds
// b.mu, or the Display is not shared yet.
func (b *Display) task(name string) *task {
	t := b.tasks[name]
	if t == nil {
		t = &task{name: termtext.Line(name), state: outcome.Waiting}
		b.tasks[name] = t
		b.waiting++
		b.column = max(b.column, width(t.name))
	}
	return t
}

// Event updates a task. It is a function for scheduler.Scheduler.Watch, and
// cheap for events without a state.
func (b *Display) Event(e scheduler.Event) {
	b.mu.Lock()
	t := b.task(e.Task)
	if e.State == "" {
		t.line = e.Line
		b.mu.Unlock()
		return
	}
	text := b.change(t, e)
	b.mu.Unlock()
	if text != "" {
		_, _ = b.Write([]byte(text)) // write errors cannot be reported
	}
}

// change sets the new state of a task and returns the text to print, or "".
func (b *Display) change(t *task, e scheduler.Event) string {
	before := t.state
	t.state = e.State
	if before == outcome.Waiting && e.State != outcome.Waiting {
		b.waiting--
	}
	switch {
	case e.State == outcome.Waiting, before.Ended():
		return ""
	case e.State.Ended():
		b.running = slices.DeleteFunc(b.running, func(r *task) bool { return r == t })
		b.ended[e.State]++
		return b.closing(t, e, before != outcome.Waiting)
	case before != outcome.Waiting:
		return ""
	}
	t.since = e.Time
	b.running = append(b.running, t)
	return b.opening(t, e)
}

// Write prints lines above those of running tasks. While the display exists, all
// other output to the terminal must go through it.
func (b *Display) Write(lines []byte) (int, error) {
	if b.bars != nil {
		if n, err := b.bars.Write(lines); err == nil {
			return n, nil
		}
	}
	b.out.Lock()
	defer b.out.Unlock()
	return b.o.Out.Write(lines)
}

// Close removes the lines of running tasks.
func (b *Display) Close() {
	b.close.Do(func() {
		if b.bars != nil {
			b.bar.Abort(true)
			b.bars.Wait()
		}
	})
}

// firstLine draws the first line of a frame.
func (b *Display) firstLine(w io.Writer, s decor.Statistics) error {
	b.block = b.frame(s.AvailableWidth, b.rows(), time.Now())
	_, err := io.WriteString(w, b.block[0])
	return err
}

// otherLines draws the rest of the frame.
func (b *Display) otherLines(w io.Writer, _ decor.Statistics) error {
	for _, line := range b.block[1:] {
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}
