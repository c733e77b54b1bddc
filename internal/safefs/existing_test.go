// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestOpenInPlace(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put(t, "file", "text")
	if err := os.Symlink("file", "link"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo("fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile("fifo", os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for path, want := range map[string]string{
		"file": "", "link": "", "missing": "", filepath.Join(dir, "none", "x"): "", "/dev/shm/none": "",
		os.DevNull: "open", "fifo": "open", "/dev/fd/2": "open", "/proc/self/fd/2": "open", "/dev/stderr": "open", "/dev/../dev/stdout": "open",
		"/dev/fd/9999": "error", "/dev/none": "error", ".": "error",
	} {
		f, err := OpenInPlace(t.Context(), path)
		got := ""
		if err != nil {
			got = "error"
		} else if f != nil {
			got = "open"
			_ = f.Close()
		}
		if got != want {
			t.Errorf("%s: %q, %v; want %q", path, got, err, want)
		}
	}
}

// TestFIFOWithoutReader: the wait for the reader of a FIFO ends with the context, as by
// Ctrl-C, and with a reader.
func TestFIFOWithoutReader(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Millisecond, func() { cancel(stopped) })
	if f, err := OpenInPlace(ctx, fifo); f != nil || !errors.Is(err, stopped) {
		t.Errorf("without a reader: %v, %v", f, err)
	}
	got := make(chan string)
	go func() {
		text, _ := os.ReadFile(fifo)
		got <- string(text)
	}()
	f, err := OpenInPlace(t.Context(), fifo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("text"); err != nil {
		t.Error(err)
	}
	_ = f.Close()
	if text := <-got; text != "text" {
		t.Errorf("read %q", text)
	}
}

func TestDescriptor(t *testing.T) {
	for path, want := range map[string]int{"/dev/stdout": 1, "/dev/stderr": 2, "/dev/fd/7": 7, "/proc/self/fd/0": 0, "/dev/fd/-1": -1, "/dev/fd/x": -1, "/dev/fd/": -1, "/dev/null": -1, "/proc/1/fd/1": -1} {
		n, ok := descriptor(path)
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("%s: %d, want %d", path, n, want)
		}
	}
}
