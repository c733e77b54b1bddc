// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// endStage is the stage that makes the first process exit.
const endStage = "end"

// exitTime is how long to wait for the first process: it exits at once, or not at
// all.
const exitTime = 100 * time.Millisecond

// endFirst makes the first process of a container exit before the container is
// removed. podman would kill it and then wait at least 100 ms. Errors are ignored,
// because podman still does so then.
func endFirst(ctx context.Context, c Container) {
	root, err := c.Mounted(stateDir)
	if err != nil {
		return
	}
	defer root.Close()
	limit := time.Now().Add(exitTime)
	done, err := openFIFO(root, "done", os.O_RDONLY)
	if err != nil {
		return
	}
	defer done.Close()
	todo, err := openFIFO(root, "todo", os.O_WRONLY)
	for err != nil && time.Now().Before(limit) { // it does not wait for a stage yet
		time.Sleep(time.Millisecond)
		todo, err = openFIFO(root, "todo", os.O_WRONLY)
	}
	if err != nil {
		return
	}
	defer todo.Close()
	if todo.SetWriteDeadline(limit) != nil || done.SetReadDeadline(limit) != nil { // a script can fill the FIFO
		return
	}
	if _, err := fmt.Fprintf(todo, "0 %s -\n", endStage); err != nil {
		return
	}
	if _, err := io.Copy(io.Discard, done); err != nil { // ends with the first process, which has it open
		return
	}
	for time.Now().Before(limit) { // until podman knows it
		if _, exited, err := c.Exited(ctx); exited || err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// openFIFO opens a FIFO of a directory that a job can write to. It fails if no
// process reads from a FIFO that is opened for writing.
func openFIFO(root *os.Root, name string, how int) (*os.File, error) {
	f, err := root.OpenFile(name, how|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		f.Close()
		return nil, fs.ErrInvalid
	}
	return f, nil
}
