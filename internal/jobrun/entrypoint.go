// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

// exitPoll is the interval of checks whether the entrypoint has ended.
const exitPoll = 100 * time.Millisecond

// again returns the shell command that executes the entrypoint with its command
// again.
func again(entrypoint, command []string) string {
	var words []string
	for _, w := range slices.Concat(entrypoint, command) {
		words = append(words, Quote(w))
	}
	return "exec " + strings.Join(words, " ") + "\n"
}

// An entrypoint follows the entrypoint of a job's container while the job runs.
type entrypoint struct {
	container Container
	none      bool // the container has no entrypoint
	seen      int  // lines that the container has written
	waits     bool // it goes on when a script has ended, and then the container ends
	begun     bool // the first process was ready once
}

// begin copies the entrypoint's output to to until the first process is ready. It
// returns an error if that takes longer than limit: an entrypoint need not execute
// its arguments.
func (e *entrypoint) begin(ctx context.Context, limit time.Duration, to io.Writer) error {
	if e.none {
		return nil
	}
	e.waits = true
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	e.read(ctx, func(line string) {
		switch line {
		case readyLine:
			e.begun = true
			cancel()
		case replacedLine:
			e.waits = false
		default:
			fmt.Fprintln(to, line)
		}
	})
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return workload.TimeoutError(limit, api.ErrTimeout)
	}
	return nil
}

// read calls line for each new line of the container's log, until ctx or the
// container ends. It ignores errors, because the next call to podman returns
// them as well.
func (e *entrypoint) read(ctx context.Context, line func(string)) {
	n := 0
	_ = e.container.Follow(ctx, func(text string) {
		if n++; n > e.seen {
			line(text)
		}
	})
	e.seen = max(n, e.seen)
}

// finish waits for an entrypoint that continues after the script to end. The
// entrypoint's exit status then replaces the script's.
func (e *entrypoint) finish(ctx context.Context, script error, limit time.Duration, to io.Writer) error {
	var failed *api.ExitError
	if script != nil && !errors.As(script, &failed) {
		if _, exited, err := e.container.Exited(ctx); err != nil || !exited {
			return script
		}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	e.read(ctx, func(line string) { fmt.Fprintln(to, line) })
	for {
		code, exited, err := e.container.Exited(ctx)
		switch {
		case ctx.Err() != nil:
			return workload.TimeoutError(limit, api.ErrTimeout)
		case err != nil:
			return err
		case exited && code != 0:
			return &api.ExitError{Container: e.container.Name(), Code: code}
		case exited:
			return nil
		}
		time.Sleep(exitPoll)
	}
}

// restart starts a container that has ended and copies the entrypoint's output
// to to, as begin does.
func (e *entrypoint) restart(ctx context.Context, limit time.Duration, to io.Writer) error {
	if err := e.container.Restart(ctx); err != nil {
		return err
	}
	return e.begin(ctx, limit, to)
}
