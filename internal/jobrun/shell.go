// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// Enter says how to run a user's shell, or a command, in the container of a
// job as its script left it.
func Enter(dir string, command []string, s scheduler.Streams) container.ExecOptions {
	return container.ExecOptions{
		Command: enterCommand(command),
		WorkDir: dir, Stdin: s.Stdin, Stdout: s.Stdout, Stderr: s.Stderr, TTY: s.TTY, Grace: grace,
	}
}

// Shell runs a user's shell, or a command, in a container of the job in which
// nothing has run, and removes that.
func (r *Runner) Shell(ctx context.Context, j *Job, command []string, s scheduler.Streams) error {
	if err := j.impossible(); err != nil {
		return err
	}
	r.AddDotenv(j)
	if _, _, err := r.images(ctx, j, s); err != nil {
		return err
	}
	env, err := r.setUp(j)
	if err != nil {
		return err
	}
	c, err := r.start(ctx, j, env)
	if err != nil {
		return err
	}
	stop, err := r.startServices(ctx, j, c, env, s)
	if err == nil {
		_, err = c.Exec(ctx, Enter(j.dir, command, s))
	}
	stop()
	return errors.Join(err, c.Remove(ctx))
}
