// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/treetar"
)

// Enter returns the options to run a shell, or command if it is not empty, in
// the container of a job after its script. dir is the job's directory in the
// container.
func Enter(dir string, command []string, s scheduler.Streams) api.ExecOptions {
	return api.ExecOptions{
		Command: enterCommand(command),
		WorkDir: dir, Stdin: s.Stdin, Stdout: s.Stdout, Stderr: s.Stderr, TTY: s.TTY, Grace: grace,
	}
}

// CrashPath returns where Shell copies the directory of a crash to.
func CrashPath(dir string) string { return path.Join(stateDir, filepath.Base(dir)) }

// Shell runs a shell, or command, in a new container of the job instead of its
// scripts, then removes the container. The container gets the directories of
// crashes.
func (r *Runner) Shell(ctx context.Context, j *Job, crashes, command []string, s scheduler.Streams) error {
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
	if err != nil && c != nil {
		err = errors.Join(err, c.Remove(ctx))
	}
	if err != nil {
		return err
	}
	for _, dir := range crashes {
		if err := putDir(ctx, c, dir, CrashPath(dir)); err != nil {
			r.warn(j, fmt.Sprintf("cannot copy %s into the container: %v", dir, err))
		}
	}
	stop, err := r.startServices(ctx, j, c, env, s)
	if err == nil {
		_, err = c.Exec(ctx, Enter(j.dir, command, s))
	}
	stop()
	return errors.Join(err, c.Remove(ctx))
}

func putDir(ctx context.Context, c Container, dir, target string) error {
	from, into := io.Pipe()
	go func() { into.CloseWithError(treetar.Pack(ctx, into, dir, treetar.PackOptions{})) }()
	err := c.Put(ctx, target, from)
	from.CloseWithError(err)
	return err
}
