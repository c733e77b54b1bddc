// SPDX-License-Identifier: GPL-2.0-or-later

// Package outcome says how a workload or a job ended.
package outcome

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A State is how a workload ended.
type State string

// The states.
const (
	Passed      State = "passed"
	Continued   State = "passed (continued)" // it failed, then went on at the command that failed, and ended well
	Failed      State = "failed"             // the command returned non-zero
	TimedOut    State = "timed out"          // the command was ended for taking too long
	NoImage     State = "no image"           // the image could not be made
	EngineError State = "engine error"       // the container could not be run
	Stopped     State = "stopped"            // ended because the run was, or because another workload failed
	NotRun      State = "not run"            // not begun for the same reasons
	Skipped     State = "skipped"            // not begun because of how what it needs ended
)

// The states of a task that has not ended.
const (
	Waiting State = "waiting"
	Running State = "running"
)

// Ended reports whether a task in this state has ended.
func (s State) Ended() bool { return s != "" && s != Waiting && s != Running }

// Bad reports whether something went wrong with what ended in this state.
func (s State) Bad() bool {
	return s.Ended() && s != Passed && s != Continued && s != Skipped && s != NotRun
}

// A Result says how a workload ended.
type Result struct {
	Workload string // its name
	State    State
	Allowed  bool          // it did not pass, but that was allowed
	Code     int           // the command's exit status, when State is Failed; 0 if its results could not be stored
	Built    bool          // the image was built for it
	Started  time.Time     // zero if it did not
	Duration time.Duration // wall clock, image included
	Line     string        // first line that reports a failure, else the last one; "" if State is Passed or nothing was said
	Log      string        // file with all it said, "" for none
	Coverage string        // percentage that its log reports, "" for none
	Err      error         // nil if State is Passed or NotRun, and if nothing was there to do for a Skipped one
}

// OK reports whether a run with this result may count as a good one: it
// passed, its failure was allowed, or nothing went wrong that it should have
// run for.
func (r Result) OK() bool {
	return r.State == Passed || r.State == Continued || r.State == Skipped && r.Err == nil || r.Allowed
}

// Bad reports whether something went wrong with it.
func (r Result) Bad() bool { return r.State.Bad() }

// Text is the state in words, with the status of a command that failed.
func (r Result) Text() string {
	if r.State == Failed && r.Code != 0 {
		return fmt.Sprintf("%s (%d)", r.State, r.Code)
	}
	return string(r.State)
}

// An exitError is a command that returned non-zero.
type exitError interface{ ExitStatus() int }

// A timeoutError is a command that was ended for taking too long.
type timeoutError interface{ Timeout() bool }

// End fills in how the container of the workload ended. An error with a method
// ExitStatus is a failed command, one with Timeout, as net.Error has it, took
// too long; any other is the engine's.
func (r *Result) End(ctx context.Context, err error) {
	r.Err = err
	var exit exitError
	var timeout timeoutError
	switch {
	case err == nil:
		r.State = Passed
	case errors.As(err, &exit):
		r.State, r.Code = Failed, exit.ExitStatus()
	case ctx.Err() != nil:
		r.State = Stopped
	case errors.As(err, &timeout) && timeout.Timeout():
		r.State = TimedOut
	default:
		r.State = EngineError
	}
}

// Unstored makes a failure of a workload whose results cannot be stored.
func (r *Result) Unstored(err error) { r.State, r.Code, r.Err = Failed, 0, err }

// Unbuilt fills in why there is no image.
func (r *Result) Unbuilt(ctx context.Context, err error) {
	r.Err, r.State = err, NoImage
	if ctx.Err() != nil {
		r.State = Stopped
	}
}

// Explain chooses the line that says best why the workload did not pass: one
// of its own output, unless the engine has something to say.
func (r *Result) Explain(said string) {
	switch r.State {
	case Failed:
		if r.Line = said; r.Code == 0 {
			r.Line, _, _ = strings.Cut(r.Err.Error(), "\n")
		}
	case NoImage, EngineError, TimedOut:
		r.Line, _, _ = strings.Cut(r.Err.Error(), "\n")
	}
}
