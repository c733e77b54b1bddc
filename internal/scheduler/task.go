// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"context"
	"io"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// When says after which results of its needs a task runs.
type When int

// A task runs if all its needs succeeded, if one of them failed, or always.
const (
	OnSuccess When = iota
	OnFailure
	Always
)

// A Task is a unit of work for a Scheduler.
type Task struct {
	Name         string   // unique in a scheduler
	Needs        []string // tasks of the same scheduler that end before it begins; others are taken to have ended well
	When         When
	Strict       bool            // it is skipped as well if a task that it needs was skipped, unless it runs always
	AllowFailure bool            // its failure stops nobody and fails nothing
	AllowCodes   []int           // exit statuses that are allowed to fail, as with AllowFailure
	Result       *outcome.Result // if set, the task has this result and does not run
	Run          func(context.Context, Streams) outcome.Result
}

// Streams are the input and outputs of a task.
type Streams struct {
	Stdin  io.Reader           // nil for none
	Stdout io.Writer           // nil discards
	Stderr io.Writer           // nil discards
	Build  io.Writer           // output of building the image; nil discards
	Built  func(outcome.State) // called after the last write to Build, with NoImage or Stopped if there is no image; may be nil
	TTY    bool                // allocate a terminal if Stdin and Stdout are terminals
	Ended  func(passed bool)   // called when a script has ended; only output of the first one that has not passed is the reason of a failure; may be nil
}

func (s Streams) EndBuild(state outcome.State) {
	if s.Built != nil {
		s.Built(state)
	}
}

// EndScript says that a script has ended.
func (s Streams) EndScript(passed bool) {
	if s.Ended != nil {
		s.Ended(passed)
	}
}

// A Line is one line of a task's output, with secrets masked and escape
// sequences removed. Long lines are broken.
type Line struct {
	Time   time.Time // when it began
	Task   string
	Stream string // "stdout", "stderr" or "build"
	Text   string
}

// An Event reports a change of a task's state, or its latest output.
type Event struct {
	Time   time.Time
	Task   string
	State  outcome.State   // the state it is in now; "" for a line
	Line   string          // the last of what it said at once, without anything that steers a terminal
	Log    string          // log file of the task, with State Running
	Result *outcome.Result // with a final State
}
