// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/containers/podman/v4/pkg/api/handlers"
	"github.com/containers/podman/v4/pkg/bindings/containers"

	"gitlab.com/lcitool/lcitool/container/api"
)

const (
	// settleTime is how long the engine may take to notice that a process was
	// killed.
	settleTime = 2 * time.Second
	// killerLimit limits the time of a command that kills others.
	killerLimit = 20 * time.Second
)

// killMarked sends signal $1 to all processes with the mark $2 in their
// environment, until none is left that has not received it. It uses only shell
// builtins, because an image may have no grep, kill or ps. The shell drops NUL
// bytes when it reads, so the environment of a process is one long line.
const killMarked = `
seen=" 1 $$ "
while :; do
	new=
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		case $seen in *" $pid "*) continue;; esac
		while IFS= read -r line || [ -n "$line" ]; do
			case $line in *"$2"*) new=yes; seen="$seen$pid "; kill -"$1" "$pid"; break;; esac
		done <"$dir/environ"
	done
	[ "$new" ] || exit 0
done 2>/dev/null`

// end ends a command step by step: SIGTERM to its processes, SIGKILL to them,
// SIGKILL to all processes of the container, and finally a restart of the
// container.
func (x *execution) end(ctx context.Context, cause error, ended <-chan outcome) outcome {
	grace := x.grace(cause)
	stages := []struct {
		do   func()
		wait time.Duration
	}{
		{func() { x.kill(ctx, syscall.SIGTERM) }, grace},
		{func() { x.kill(ctx, syscall.SIGKILL) }, settleTime},
		{func() { x.container.killer(ctx, x.log, "kill -9 -1") }, settleTime},
		{func() { x.container.restart(ctx, x.log) }, settleTime},
	}
	for i, stage := range stages {
		stage.do()
		select {
		case out := <-ended:
			if i == 0 { // descendants may still run
				x.kill(ctx, syscall.SIGKILL)
			}
			return outcome{out.code, fmt.Errorf("container %s: %w", x.name, cause)}
		case <-time.After(stage.wait):
		}
	}
	return outcome{125, &api.EngineError{Op: "end a command in container " + x.name, Code: 125, Err: cause}}
}

// grace returns the time from SIGTERM to SIGKILL.
func (x *execution) grace(cause error) time.Duration {
	grace := cmp.Or(x.options.Grace, defaultGrace)
	if errors.Is(cause, api.ErrTimeout) {
		grace = cmp.Or(x.options.TimeoutGrace, grace)
	}
	return grace
}

func (x *execution) kill(ctx context.Context, s syscall.Signal) {
	if x.options.Killer != nil {
		x.container.asRoot(ctx, x.log, append(slices.Clone(x.options.Killer), strconv.Itoa(int(s)))...)
		return
	}
	x.container.killer(ctx, x.log, killMarked, strconv.Itoa(int(s)), markName+"="+x.mark)
}

// killer runs a shell script as root in the container, for at most killerLimit.
// It ignores errors, because the caller checks which processes are left.
func (c *Container) killer(ctx context.Context, log *slog.Logger, script string, args ...string) {
	c.asRoot(ctx, log, append([]string{"/bin/sh", "-c", script, "sh"}, args...)...)
}

// asRoot runs a command as root in the container, for at most killerLimit.
func (c *Container) asRoot(ctx context.Context, log *slog.Logger, command ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killerLimit)
	defer cancel()
	if err := c.quietly(ctx, command); err != nil {
		log.Debug("cannot kill in container", "err", err)
	}
}

// quietly runs a command as root in the container and discards its output. It
// waits for the end of the output, because podman 4.3 does not record the end of
// a detached command.
func (c *Container) quietly(ctx context.Context, command []string) error {
	conn, err := c.engine.service.Conn(ctx)
	if err != nil {
		return err
	}
	config := &handlers.ExecCreateConfig{}
	config.Cmd, config.User, config.AttachStdout, config.AttachStderr = command, "0", true, true
	id, err := containers.ExecCreate(conn, c.Name(), config)
	if err != nil {
		return err
	}
	none := newCounter(nil)
	return containers.ExecStartAndAttach(conn, id, new(containers.ExecStartAndAttachOptions).
		WithOutputStream(none).WithErrorStream(none).WithAttachOutput(true).WithAttachError(true))
}

// restart kills and restarts the container, as the last resort.
func (c *Container) restart(ctx context.Context, log *slog.Logger) {
	conn, done, err := c.engine.service.Afterwards(ctx)
	if err != nil {
		return
	}
	defer done()
	if err := containers.Kill(conn, c.Name(), new(containers.KillOptions).WithSignal("KILL")); err != nil {
		log.Debug("cannot kill container", "err", err)
	}
	if _, err := containers.Wait(conn, c.Name(), nil); err != nil {
		return
	}
	if err := containers.Start(conn, c.Name(), nil); err != nil {
		log.Debug("cannot start container again", "err", err)
	}
}
