// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
)

// TestReaderGone: the first write without a reader cancels the run, and the exit
// status says so whatever else went wrong.
func TestReaderGone(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	stdout := watched(writer, func() { cancel(interruption{pipeSignal}) })
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
	a := &app{stderr: &said}
	for _, err := range []error{nil, statusError(1), errors.New("something else")} {
		if status := a.report(ctx, err); status != 141 || said.String() != "" {
			t.Errorf("%v: status %d, said %q", err, status, said.String())
		}
	}
}

// TestForProgram: what is no terminal gets all bytes.
func TestForProgram(t *testing.T) {
	var file strings.Builder
	w, done := forProgram(&file)
	const text = "\x1b]0;title\a\x1b[2J\xff"
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	done()
	if file.String() != text {
		t.Errorf("got %q", file.String())
	}
}
