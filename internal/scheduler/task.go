// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"context"
	"io"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// When says for which ends of the tasks before it a task runs.
type When int

// A task runs when all that it needs ended well, when one of them did not, or
// whatever happened.
const (
	OnSuccess When = iota
	OnFailure
	Always
)

// A Task is one thing that a scheduler runs.
type Task struct {
	Name         string   // unique in a scheduler
	Needs        []string // tasks of the same scheduler that end before it begins; others are taken to have ended well
	When         When
	AllowFailure bool  // its failure stops nobody and fails nothing
	AllowCodes   []int // exit statuses that are allowed as well
	Run          func(context.Context, Streams) outcome.Result
}

// Streams are what a task is connected to.
type Streams struct {
	Stdin  io.Reader           // nil for none
	Stdout io.Writer           // nil discards
	Stderr io.Writer           // nil discards
	Build  io.Writer           // output of building the image; nil discards
	Built  func(outcome.State) // called when nothing more goes to Build: with NoImage or Stopped if there is no image; may be nil
	TTY    bool                // use a terminal if Stdin and Stdout are one
	Ended  func()              // called when later output no longer says why the task failed; may be nil
}

// EndBuild calls Built.
func (s Streams) EndBuild(state outcome.State) {
	if s.Built != nil {
		s.Built(state)
	}
}

// A Line is one that a task has said, without secrets and without anything that
// steers a terminal. A very long line is broken.
type Line struct {
	Time   time.Time // when it began
	Task   string
	Stream string // "stdout", "stderr" or "build"
	Text   string
}

// An Event is something that happened to a task of a scheduler.
type Event struct {
	Time   time.Time
	Task   string
	State  outcome.State   // the state it is in now; "" for a line
	Line   string          // the last of what it said at once, without anything that steers a terminal
	Log    string          // file that gets all it says, with Running
	Result *outcome.Result // how it ended, with the states of an end
}
