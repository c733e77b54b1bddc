// SPDX-License-Identifier: GPL-2.0-or-later

package stdio

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A watchedWriter is an output whose reader may disappear, such as a pipe.
type watchedWriter struct {
	to   io.Writer
	gone func() // called when the reader is gone, perhaps more than once
}

// Watch returns a writer to a stream that calls gone on EPIPE. It returns a
// terminal itself, because that cannot fail like this and callers need its file.
func Watch(stream *os.File, gone func()) io.Writer {
	if IsTerminal(stream) {
		return stream
	}
	return &watchedWriter{stream, gone}
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		w.gone()
	}
	return n, err
}

// ReaderGone reports whether err is EPIPE on stdout or stderr.
func ReaderGone(err error) bool {
	var file *os.PathError
	return errors.As(err, &file) && errors.Is(file.Err, syscall.EPIPE) && (file.Path == os.Stdout.Name() || file.Path == os.Stderr.Name())
}

// ForProgram returns the writer for a program's output to a stream. A terminal
// gets colours and lines only; a file or pipe gets all bytes. The caller calls
// done when the program has ended.
func ForProgram(stream io.Writer) (w io.Writer, done func()) {
	if !IsTerminal(stream) {
		return stream, func() {}
	}
	filter := termtext.NewWriter(stream)
	return filter, func() { _ = filter.Close() } // a write error to a terminal cannot be reported
}

// An ErrorKeeper is an output for callers that ignore errors. It keeps the first
// one and writes nothing after it. It is safe for concurrent use.
type ErrorKeeper struct {
	To io.Writer

	mu  sync.Mutex
	err error
}

// Write returns no error.
func (k *ErrorKeeper) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		_, k.err = k.To.Write(p)
	}
	return len(p), nil
}

// Failed returns the error of the first failed write, or nil.
func (k *ErrorKeeper) Failed() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return resultError(k.err)
}
