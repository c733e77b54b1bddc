// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Existing returns the absolute path, with symbolic links resolved, of an
// existing file. is must accept its mode; what is the kind of file for the error
// message. "" gives "".
func Existing(path, what string, is func(os.FileMode) bool) (string, error) {
	if path == "" {
		return "", nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	var info os.FileInfo
	if err == nil {
		info, err = os.Stat(real)
	}
	if err != nil || !is(info.Mode()) {
		return "", fmt.Errorf("'%s' is not a %s", path, what)
	}
	return real, nil
}

// OpenInPlace opens a file that the user named for output if it cannot be replaced by
// a new one: a device, a FIFO, or a path such as /dev/stdout, which root could replace
// by a file, for all programs. For other paths, and for symbolic links, it returns
// nil. It waits for the reader of a FIFO until ctx is cancelled.
func OpenInPlace(ctx context.Context, path string) (*os.File, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if n, ok := descriptor(abs); ok {
		return duplicate(n, path)
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode().Type() == fs.ModeNamedPipe {
		return openFIFO(ctx, path)
	}
	special := strings.HasPrefix(abs, "/proc/") || strings.HasPrefix(abs, "/dev/") && !strings.HasPrefix(abs, "/dev/shm/")
	if special || err == nil && !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink {
		return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	}
	return nil, nil
}

// readerPause is the time between two looks for the reader of a FIFO.
const readerPause = 50 * time.Millisecond

// openFIFO does not wait in the system call, which a cancelled context cannot end.
func openFIFO(ctx context.Context, path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, &os.PathError{Op: "open", Path: path, Err: context.Cause(ctx)}
		case <-time.After(readerPause):
		}
	}
}

// descriptor returns the open file that a path stands for.
func descriptor(path string) (n int, ok bool) {
	switch path {
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	for _, dir := range []string{"/dev/fd/", "/proc/self/fd/"} {
		if text, below := strings.CutPrefix(path, dir); below {
			n, err := strconv.Atoi(text)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}

// duplicate opens an open file once more, with a common offset: opened by its path, a
// file would be written from its beginning.
func duplicate(n int, path string) (*os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Dup(n)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), path), nil
}
