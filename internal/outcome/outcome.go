// SPDX-License-Identifier: GPL-2.0-or-later

// Package outcome describes the results of workloads and jobs.
package outcome

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A State is the state of a workload.
type State string

// Final states.
const (
	Passed      State = "passed"
	Continued   State = "passed (continued)" // it failed, then went on at the command that failed, and ended well
	Failed      State = "failed"             // the command returned non-zero
	TimedOut    State = "timed out"          // the command was ended for taking too long
	NoImage     State = "no image"           // the image could not be built or pulled
	EngineError State = "engine error"       // the container could not be run
	Stopped     State = "stopped"            // ended because the run was stopped, or because another workload failed
	NotRun      State = "not run"            // not started for the same reasons
	Skipped     State = "skipped"            // not started because of the results of its needs
)

// States of a task that has not ended.
const (
	Waiting State = "waiting"
	Running State = "running"
)

// Ended reports whether the state is final.
func (s State) Ended() bool { return s != "" && s != Waiting && s != Running }

// Bad reports whether the state is a failure.
func (s State) Bad() bool {
	return s.Ended() && s != Passed && s != Continued && s != Skipped && s != NotRun
}

// CouldNotRun reports whether a workload failed before its command could.
func (s State) CouldNotRun() bool { return s == NoImage || s == EngineError }

// A Result is the result of a workload.
type Result struct {
	Workload string // its name
	State    State
	Allowed  bool          // it did not pass, but that was allowed
	Code     int           // the command's exit status, when State is Failed; 0 if its results could not be stored
	Built    bool          // whether its image was built for it
	Started  time.Time     // zero if it was not started
	Duration time.Duration // wall clock, including its image
	Line     string        // first line that reports a failure, else the last one; "" if State is Passed or there is no output
	Log      string        // file with its output, or ""
	Coverage string        // percentage from its log, or ""
	Err      error         // nil if State is Passed or NotRun, and for a Skipped workload without a failed need
}

// OK reports whether the result is a success: it passed, its failure was
// allowed, or it was skipped without a failure.
func (r Result) OK() bool {
	return r.State == Passed || r.State == Continued || r.State == Skipped && r.Err == nil || r.Allowed
}

// Bad reports whether the state is a failure.
func (r Result) Bad() bool { return r.State.Bad() }

// CouldNotRun reports whether the workload failed before its command could, or only
// because of others that it started: its error has a method CouldNotRun.
func (r Result) CouldNotRun() bool {
	var others interface{ CouldNotRun() bool }
	return r.State.CouldNotRun() || errors.As(r.Err, &others) && others.CouldNotRun()
}

// Text returns the state, with the exit status of a failed command.
func (r Result) Text() string {
	if r.State == Failed && r.Code != 0 {
		return fmt.Sprintf("%s (%d)", r.State, r.Code)
	}
	return string(r.State)
}

// An exitError is a command that returned non-zero.
type exitError interface{ ExitStatus() int }

// A timeoutError is a command that exceeded its time limit.
type timeoutError interface{ Timeout() bool }

// End sets the result from the error of the container. An error with a method
// ExitStatus is a failed command, one with Timeout a timeout, as in net.Error;
// all others are errors of the engine.
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

// Status returns the exit status by which GitLab judges a failed job. In GitLab
// Runner, what cannot store the results exits with 1.
func (r Result) Status() int { return cmp.Or(r.Code, 1) }

// Unstored changes the result to a failure, because the results cannot be
// stored.
func (r *Result) Unstored(err error) { r.State, r.Code, r.Err = Failed, 0, err }

// Unbuilt sets the result of a workload without an image.
func (r *Result) Unbuilt(ctx context.Context, err error) {
	r.Err, r.State = err, NoImage
	if ctx.Err() != nil {
		r.State = Stopped
	}
}

// Explain sets Line: said, the best line of the workload's output, or the error
// of the engine.
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
