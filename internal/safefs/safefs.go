// SPDX-License-Identifier: GPL-2.0-or-later

// Package safefs reads and replaces files in untrusted directories.
//
// Reads are limited and accept only regular files: a FIFO, a device or a socket
// gives an error immediately. When reading, symbolic links inside a directory
// are followed, as in GitLab, and those that lead out are errors. Writes and
// removals follow no symbolic links.
package safefs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Errors about the kind of a file. They are wrapped in *fs.PathError.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrLink       = errors.New("is a symbolic link or leads through one")
)

// A TooLargeError reports a file that exceeds its size limit.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string { return "larger than " + size(e.Limit) }

func size(n int64) string {
	for _, unit := range []struct {
		bytes int64
		name  string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.bytes && n%unit.bytes == 0 {
			return fmt.Sprintf("%d %s", n/unit.bytes, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// readFlags open a file without waiting for the writer of a FIFO, and without
// making a terminal the controlling one.
const readFlags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY

// Open opens a regular file given by the user. Symbolic links are followed.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, readFlags, 0)
	return regular(f, path, err)
}

// ReadFile returns the content of a regular file of at most limit bytes, given
// by the user. Symbolic links are followed.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, path, limit)
}

// ReadArgument is ReadFile for a command-line argument. It also accepts a pipe
// such as /dev/stdin or the shell's <(command).
func ReadArgument(path string, limit int64) ([]byte, error) {
	data, err := ReadFile(path, limit)
	if !errors.Is(err, ErrNotRegular) || !openDescriptor(path) {
		return data, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode().Type() != fs.ModeNamedPipe && info.Mode()&fs.ModeCharDevice == 0 {
		return nil, pathError(path, errors.Join(err, ErrNotRegular))
	}
	return readAll(f, path, limit)
}

// openDescriptor reports whether a path names an open file descriptor of this
// process.
func openDescriptor(path string) bool {
	path = filepath.Clean(path)
	return path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/self/fd/")
}

// Limit returns a reader that fails with a TooLargeError after limit bytes.
func Limit(r io.Reader, limit int64) io.Reader {
	return &limitReader{from: r, left: limit, limit: limit}
}

// ReadAll is io.ReadAll that fails with a TooLargeError if there are more than
// limit bytes.
func ReadAll(r io.Reader, limit int64) ([]byte, error) { return io.ReadAll(Limit(r, limit)) }

type limitReader struct {
	from        io.Reader
	left, limit int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left && l.left < math.MaxInt64 {
		p = p[:l.left+1]
	}
	n, err := l.from.Read(p)
	if int64(n) > l.left {
		n, l.left = int(l.left), 0
		return n, &TooLargeError{l.limit}
	}
	l.left -= int64(n)
	return n, err
}

// readAll reads an open file. If the file's size exceeds the limit, it reads
// nothing; files of /proc have no size and are limited while they are read.
func readAll(f fs.File, name string, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, pathError(name, &TooLargeError{limit})
	}
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead)) // of the file's size, so that it need not grow
	_, err = data.ReadFrom(Limit(f, limit))
	if tooLarge, ok := errors.AsType[*TooLargeError](err); ok {
		return nil, pathError(name, tooLarge)
	}
	return data.Bytes(), err
}

// regular closes a file that is not a regular file.
func regular(f *os.File, name string, err error) (*os.File, error) {
	if err != nil {
		if errors.Is(err, syscall.ENXIO) { // a socket, or a device without a driver
			err = pathError(name, ErrNotRegular)
		}
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = pathError(name, kindError(info.Mode()))
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// kindError returns the error for a file that is not regular.
func kindError(mode fs.FileMode) error {
	kind := "something else"
	switch {
	case mode.IsDir():
		return &notRegularError{syscall.EISDIR.Error()}
	case mode&fs.ModeNamedPipe != 0:
		kind = "a FIFO"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	case mode&fs.ModeSymlink != 0:
		kind = "a symbolic link"
	}
	return &notRegularError{ErrNotRegular.Error() + " but " + kind}
}

type notRegularError struct{ text string }

func (e *notRegularError) Error() string        { return e.text }
func (e *notRegularError) Is(target error) bool { return target == ErrNotRegular }

func pathError(name string, err error) error {
	return &fs.PathError{Op: "open", Path: name, Err: err}
}
