// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/containers/podman/v4/pkg/api/handlers"
	"github.com/containers/podman/v4/pkg/bindings/containers"
)

const (
	// settleTime is what the engine gets to notice that what it runs was killed.
	settleTime = 2 * time.Second
	// killerLimit bounds a command that kills others.
	killerLimit = 20 * time.Second
)

// killMarked sends signal $1 to all processes that have the mark $2 in their
// environment, until there are none it has not sent it to. It uses nothing but
// the shell itself: images may have no grep, kill or ps. NUL bytes are dropped
// when a shell reads, so the variables of a process are one long line.
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

// end brings a command to an end: first its own processes are asked, then
// killed, then everything in the container, at last the container itself, which
// is started again for whatever has to be done in it next.
func (x *execution) end(ctx context.Context, cause error, ended <-chan outcome) outcome {
	grace := x.options.Grace
	if grace == 0 {
		grace = defaultGrace
	}
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
			if i == 0 { // descendants may have stayed
				x.kill(ctx, syscall.SIGKILL)
			}
			return outcome{out.code, fmt.Errorf("container %s: %w", x.name, cause)}
		case <-time.After(stage.wait):
		}
	}
	return outcome{125, &EngineError{Op: "end a command in container " + x.name, Code: 125, Err: cause}}
}

// kill sends a signal to all processes of the command.
func (x *execution) kill(ctx context.Context, s syscall.Signal) {
	if x.options.Killer != nil {
		x.container.asRoot(ctx, x.log, append(slices.Clone(x.options.Killer), strconv.Itoa(int(s)))...)
		return
	}
	x.container.killer(ctx, x.log, killMarked, strconv.Itoa(int(s)), markName+"="+x.mark)
}

// killer runs a shell script as the container's root and waits for it, for a
// while. What went wrong shows in what is still there.
func (c *Container) killer(ctx context.Context, log *slog.Logger, script string, args ...string) {
	c.asRoot(ctx, log, append([]string{"/bin/sh", "-c", script, "sh"}, args...)...)
}

// asRoot runs a command as the container's root and waits for it, for a while.
func (c *Container) asRoot(ctx context.Context, log *slog.Logger, command ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killerLimit)
	defer cancel()
	if err := c.quietly(ctx, command); err != nil {
		log.Debug("cannot kill in container", "err", err)
	}
}

// quietly runs a command as the container's root, in silence. Its end shows by
// that of its output: of one that nobody listens to, podman 4.3 does not note it.
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

// restart kills the container, as the last resort, and starts it again.
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
