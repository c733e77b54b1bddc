// SPDX-License-Identifier: GPL-2.0-or-later

package stdio

import (
	"errors"
	"io"
	"os"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A watchedWriter is an output whose reader may go away, such as a pipe.
type watchedWriter struct {
	to   io.Writer
	gone func() // called when the reader is gone, perhaps more than once
}

// Watch gives a writer to a stream whose lost reader is reported. A terminal
// stays as it is: it has no reader to lose, and others ask for its file.
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

// ReaderGone reports whether err says that nobody reads stdout or stderr.
func ReaderGone(err error) bool {
	var file *os.PathError
	return errors.As(err, &file) && errors.Is(file.Err, syscall.EPIPE) && (file.Path == os.Stdout.Name() || file.Path == os.Stderr.Name())
}

// ForProgram gives the writer for what a program prints to a stream. On a
// terminal it has its colours and lines; a file or a pipe gets all bytes as they
// are. done is called when the program has ended.
func ForProgram(stream io.Writer) (w io.Writer, done func()) {
	if !IsTerminal(stream) {
		return stream, func() {}
	}
	filter := termtext.NewWriter(stream)
	return filter, func() { _ = filter.Close() } // there is nobody to report a lost terminal to
}
