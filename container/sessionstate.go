// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"strings"
	"sync"

	"github.com/containers/podman/v4/pkg/bindings/containers"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// Exited reports whether the first process of the container has ended, and its
// exit status.
func (c *Container) Exited(ctx context.Context) (code int, exited bool, err error) {
	conn, err := c.engine.service.Conn(ctx)
	if err != nil {
		return 0, false, err
	}
	defer podman.CloseIdle(conn)
	data, err := containers.Inspect(conn, c.Name(), nil)
	if err != nil {
		return 0, false, engineError("look at container "+c.Name(), err)
	}
	ended := data.State.Status == "exited" || data.State.Status == "stopped"
	return int(data.State.ExitCode), ended, nil
}

// Restart starts a container again whose first process has ended. Its files are
// unchanged.
func (c *Container) Restart(ctx context.Context) error {
	conn, err := c.engine.service.Conn(ctx)
	if err != nil {
		return err
	}
	defer podman.CloseIdle(conn)
	if err := containers.Start(conn, c.Name(), nil); err != nil {
		return engineError("start container "+c.Name(), err)
	}
	return nil
}

// Follow calls line for each line of output of a container with Session.Own or
// Session.Ready, until its first process has ended. Each call has the lines of both
// streams in the order in which they were written.
func (c *Container) Follow(ctx context.Context, line func(string)) error {
	conn, err := c.engine.service.Conn(ctx)
	if err != nil {
		return err
	}
	conn, cancel := context.WithCancel(conn)
	defer cancel()
	lines := make(chan string)
	ended := make(chan error, 1)
	go func() {
		o := new(containers.LogOptions).WithStdout(true).WithStderr(true).WithFollow(true)
		var all sync.WaitGroup
		both := make(chan string)
		all.Go(func() {
			for text := range both {
				select {
				case lines <- text:
				case <-conn.Done():
				}
			}
		})
		err := containers.Logs(conn, c.Name(), o, both, both)
		close(both)
		all.Wait()
		ended <- err
	}()
	for {
		select {
		case text := <-lines:
			line(strings.TrimRight(text, "\r\n"))
		case err := <-ended:
			if err != nil && conn.Err() == nil {
				return engineError("read what container "+c.Name()+" has written", err)
			}
			return ctx.Err()
		}
	}
}
