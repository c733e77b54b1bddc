// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/interrupt"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// TestReaderGone: the first failed write cancels the run and decides the exit status,
// whatever else fails.
func TestReaderGone(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	stdout := stdio.Watch(writer, func() { cancel(interrupt.Pipe) })
	if _, err := stdout.Write([]byte("read\n")); err != nil || ctx.Err() != nil {
		t.Fatalf("a reader that is there: %v, %v", err, ctx.Err())
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Write([]byte("lost\n")); err == nil || ctx.Err() == nil {
		t.Fatalf("a reader that is gone: %v, %v", err, ctx.Err())
	}
	var said strings.Builder
	a := &app{Streams: stdio.Streams{Stderr: &said}}
	for _, err := range []error{nil, statusError(1), errors.New("something else")} {
		if status := a.report(ctx, err); status != 141 || said.String() != "" {
			t.Errorf("%v: status %d, said %q", err, status, said.String())
		}
	}
}

// TestLostOutput: output of a run that stdout does not take fails the command, but does
// not hide why a job failed.
func TestLostOutput(t *testing.T) {
	full := failing{&os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}}
	for err, want := range map[error]int{nil: 1, statusError(3): 3} {
		var said strings.Builder
		a := &app{Streams: stdio.Streams{Stdout: full, Stderr: &said, Getenv: func(string) string { return "" }}}
		if n, err := a.Console().Stdout.Write([]byte("line\n")); n != 5 || err != nil {
			t.Errorf("the run would end: %d, %v", n, err)
		}
		if status := a.report(t.Context(), a.withLost(err)); status != want || strings.Count(said.String(), "cannot write the result: write /dev/stdout: no space left on device\n") != 1 {
			t.Errorf("%v: status %d, said %q", err, status, said.String())
		}
	}
	a := &app{Streams: stdio.Streams{Stdout: &strings.Builder{}, Getenv: func(string) string { return "" }}}
	if a.Console(); a.withLost(nil) != nil {
		t.Error("nothing was lost")
	}
}

// TestEventsAreAlone: with the events on stdout, tables and results go to stderr.
func TestEventsAreAlone(t *testing.T) {
	for _, events := range []string{"", "file", "-"} {
		var out, said strings.Builder
		v := &jobVerb{app: &app{Streams: stdio.Streams{Stdout: &out, Stderr: &said}}, events: events}
		if err := v.table([][]string{{"JOB"}, {"one"}}); err != nil {
			t.Fatal(err)
		}
		shown, empty := &out, &said
		if events == "-" {
			shown, empty = &said, &out
		}
		if shown.String() != "JOB\none\n" || empty.Len() > 0 {
			t.Errorf("%q: stdout %q, stderr %q", events, out.String(), said.String())
		}
	}
}

// TestFullStdout: a text that stdout does not take is an error, that of cobra's help too.
func TestFullStdout(t *testing.T) {
	full := failing{&os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}}
	for _, args := range []string{"--help", "dockerfile --help", "help manifest", "--version", "completion bash", "targets", "job list --help"} {
		var said strings.Builder
		a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: full, Stderr: &said, Getenv: func(string) string { return "" }}}
		status := run(t.Context(), a, strings.Fields(args))
		if want := "Application error: cannot write the result: write /dev/stdout: no space left on device\n"; status != 1 || said.String() != want {
			t.Errorf("%s: status %d, %q", args, status, said.String())
		}
	}
}
