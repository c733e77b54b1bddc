// SPDX-License-Identifier: GPL-2.0-or-later

// Package interrupt ends the work of a program when it gets a signal.
package interrupt

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// A Signal is the one that ended a context.
type Signal syscall.Signal

func (s Signal) Error() string { return syscall.Signal(s).String() }

// Status is what a shell calls a death of the signal.
func (s Signal) Status() int { return 128 + int(s) }

// Pipe is what writing to a pipe without a reader raises.
const Pipe = Signal(syscall.SIGPIPE)

// Context gives a context that the first interrupt, hang-up or request to
// terminate cancels, with the Signal as its cause. The second one ends the
// program at once. gone cancels it as SIGPIPE would, which itself does nothing:
// a write to a pipe without a reader is an error.
func Context(parent context.Context) (_ context.Context, gone func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		s := (<-signals).(syscall.Signal)
		signal.Stop(signals)
		cancel(Signal(s))
	}()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return ctx, func() { cancel(Pipe) }
}

// Cause gives the signal that ended ctx.
func Cause(ctx context.Context) (Signal, bool) {
	var s Signal
	ok := errors.As(context.Cause(ctx), &s)
	return s, ok
}
