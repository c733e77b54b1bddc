// SPDX-License-Identifier: GPL-2.0-or-later

package interrupt_test

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/interrupt"
)

// TestNohup: a program below nohup goes on when its terminal is closed.
func TestNohup(t *testing.T) {
	if os.Getenv("INTERRUPT_TEST") != "" {
		ctx, _ := interrupt.Context(t.Context(), nil)
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		if s, _ := interrupt.Cause(ctx); s != interrupt.Signal(syscall.SIGTERM) {
			t.Errorf("ended by %v", s)
		}
		return
	}
	cmd := exec.Command("sh", "-c", `trap "" HUP; exec "$0" -test.run='^TestNohup$'`, os.Args[0])
	cmd.Env = append(os.Environ(), "INTERRUPT_TEST=nohup")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSignalEndsTheContext(t *testing.T) {
	all := make(chan os.Signal, 1) // the tests may run below nohup
	signal.Notify(all, syscall.SIGHUP)
	signal.Stop(all)
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
