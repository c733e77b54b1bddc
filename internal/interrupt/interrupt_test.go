// SPDX-License-Identifier: GPL-2.0-or-later

package interrupt_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/interrupt"
)

func TestSignalEndsTheContext(t *testing.T) {
	late := make(chan interrupt.Signal, 1)
	ctx, _ := interrupt.Context(t.Context(), func(s interrupt.Signal) { late <- s })
	if s, ok := interrupt.Cause(ctx); ok {
		t.Fatalf("ended by %v before a signal", s)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(2 * time.Minute):
		t.Fatal("the signal does not end the context")
	}
	if s, ok := interrupt.Cause(ctx); !ok || s.Status() != 129 || s.Error() != "hangup" {
		t.Errorf("cause %v, status %d", s, s.Status())
	}
	interrupt.Computing(ctx)() // has ended
	select {
	case s := <-late:
		t.Errorf("%v ends the process although nothing computes", s)
	case <-time.After(200 * time.Millisecond):
	}
	defer interrupt.Computing(ctx)()
	select {
	case s := <-late:
		if s.Status() != 129 {
			t.Errorf("late: %v", s)
		}
	case <-time.After(2 * time.Minute):
		t.Error("a computation goes on after the signal")
	}
}

func TestLostReaderEndsTheContext(t *testing.T) {
	ctx, gone := interrupt.Context(t.Context(), nil)
	gone()
	if s, ok := interrupt.Cause(ctx); !ok || s != interrupt.Pipe || s.Status() != 141 {
		t.Errorf("cause %v, status %d", s, s.Status())
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if s, ok := interrupt.Cause(cancelled); ok {
		t.Errorf("a context that no signal ended: %v", s)
	}
}
