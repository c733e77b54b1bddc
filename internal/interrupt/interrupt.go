// SPDX-License-Identifier: GPL-2.0-or-later

// Package interrupt cancels a context when the process gets a signal.
package interrupt

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Signal is the signal that cancelled a context.
type Signal syscall.Signal

func (s Signal) Error() string { return syscall.Signal(s).String() }

// Status returns the exit status that a shell uses for the signal.
func (s Signal) Status() int { return 128 + int(s) }

// Pipe is the signal for a write to a pipe without a reader.
const Pipe = Signal(syscall.SIGPIPE)

// computingKey is the key of the *atomic.Int32 that counts the calls of Computing.
type computingKey struct{}

// Computing begins work that does not watch ctx, a context of Context, and
// leaves nothing behind that a killed process does not leave. If a signal cannot
// end it in a few seconds, the process ends. done ends the work.
func Computing(ctx context.Context) (done func()) {
	n, ok := ctx.Value(computingKey{}).(*atomic.Int32)
	if !ok {
		return func() {}
	}
	n.Add(1)
	return sync.OnceFunc(func() { n.Add(-1) })
}

// patience is how many seconds work may go on after a signal.
const patience = 5

// Context returns a context that the first SIGINT, SIGTERM or SIGHUP cancels,
// with the Signal as its cause. Below nohup, SIGHUP stays ignored. A second signal
// ends the process. late is called if work of Computing does not end. gone cancels the
// context with Pipe; SIGPIPE itself does nothing, so such a write returns an error.
func Context(parent context.Context, late func(Signal)) (_ context.Context, gone func()) {
	computing := new(atomic.Int32)
	ctx, cancel := context.WithCancelCause(context.WithValue(parent, computingKey{}, computing))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		s := (<-signals).(syscall.Signal)
		signal.Stop(signals)
		cancel(Signal(s))
		await(computing, time.Tick(time.Second))
		late(Signal(s))
	}()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return ctx, func() { cancel(Pipe) }
}

// Cause returns the signal that cancelled ctx.
func Cause(ctx context.Context) (Signal, bool) {
	var s Signal
	ok := errors.As(context.Cause(ctx), &s)
	return s, ok
}

// await returns when there was work of Computing for some ticks in a row.
func await(computing *atomic.Int32, ticks <-chan time.Time) {
	for n := 0; n < patience; {
		<-ticks
		if n++; computing.Load() == 0 {
			n = 0
		}
	}
}
