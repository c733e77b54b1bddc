// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// An interruption is the signal that ended a context.
type interruption struct{ signal syscall.Signal }

func (i interruption) Error() string { return i.signal.String() }

// status is what a shell calls a death of the signal.
func (i interruption) status() int { return 128 + int(i.signal) }

// pipeSignal is what writing to a pipe without a reader raises.
const pipeSignal = syscall.SIGPIPE

// untilSignal gives a context that the first interrupt, hang-up or request to
// terminate cancels, with the signal as its cause. The second one ends the
// program at once. gone cancels it as SIGPIPE would, which itself does nothing:
// a write to a pipe without a reader is an error.
func untilSignal(parent context.Context) (_ context.Context, gone func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		s := (<-signals).(syscall.Signal)
		signal.Stop(signals)
		cancel(interruption{s})
	}()
	signal.Notify(make(chan os.Signal, 1), pipeSignal)
	return ctx, func() { cancel(interruption{pipeSignal}) }
}

// interrupted gives the signal that ended ctx.
func interrupted(ctx context.Context) (interruption, bool) {
	var i interruption
	ok := errors.As(context.Cause(ctx), &i)
	return i, ok
}
