// SPDX-License-Identifier: GPL-2.0-or-later

package jobs

import (
	"context"
	"time"
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

// A Task is one thing that a matrix runs.
type Task struct {
	Name         string   // unique in a matrix
	Needs        []string // tasks of the same matrix that end before it begins; others are taken to have ended well
	When         When
	AllowFailure bool  // its failure stops nobody and fails nothing
	AllowCodes   []int // exit statuses of which the same holds
	Run          func(context.Context, Streams) Result
}

// Task makes a workload something that a matrix runs.
func (r *Runner) Task(w Workload) Task {
	return Task{Name: w.Name, Run: func(ctx context.Context, s Streams) Result { return r.Run(ctx, w, s) }}
}

// An Event is something that happened to a task of a matrix.
type Event struct {
	Time   time.Time
	Task   string
	State  State   // the state it is in now; "" for a line
	Line   string  // the last of what it said at once, without anything that steers a terminal
	Result *Result // how it ended, with the states of an end
}
