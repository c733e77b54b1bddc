// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// idle is what the first process of a session does: it waits, and takes over
// what its descendants leave. A shell does both, in any image, and signals
// from inside do not reach it because it handles none. When somebody kills the
// sleep, it begins another one.
const idle = `while :; do sleep 1000000 & wait $!; done`

// A Container stays up while several things are done in it, until Remove or
// Keep. It is safe for use by several goroutines.
type Container struct {
	engine   *Engine
	warnings []string
	swept    <-chan struct{}

	mu     sync.Mutex
	name   string
	record records.Record
}

// Start makes a container that does nothing by itself. It is removed by
// Remove, stays after Keep, and is a leftover otherwise, as soon as this
// process ends. Errors are those of Run.
func (e *Engine) Start(ctx context.Context, o StartOptions) (*Container, error) {
	if err := e.refuseShortID(ctx, o.Image); err != nil {
		return nil, err
	}
	u, err := e.sessionUser(ctx, o)
	if err != nil {
		return nil, err
	}
	s, err := e.startSpec(ctx, o, u)
	if err != nil {
		return nil, err
	}
	uploads, err := o.uploads(u, false)
	if err != nil {
		return nil, err
	}
	c := &Container{engine: e, name: s.Name}
	if err := c.start(ctx, s, uploads, o.Mounts); err != nil {
		_ = c.Remove(ctx) // it says so itself
		return nil, err
	}
	c.swept = e.sweepLater(ctx)
	return c, nil
}

func (c *Container) start(ctx context.Context, s *specgen.SpecGenerator, uploads []Tree, mounts []Mount) error {
	conn, err := c.engine.service.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	defer podman.CloseIdle(conn)
	layers, err := c.engine.layers(conn, s, mounts)
	c.record.Extra = map[string]string{extraLayers: layers}
	if err != nil {
		return err
	}
	c.record, c.warnings, err = c.engine.create(conn, s, layers)
	if err != nil {
		if noSuchImage(err) {
			return &noImageError{s.Image}
		}
		return engineError("run image "+s.Image, err)
	}
	if err := c.engine.copyIn(ctx, c.name, uploads); err != nil {
		return err
	}
	if err := containers.Start(conn, c.name, nil); err != nil {
		if code(err) == 0 {
			c.engine.service.NoteDeath()
		}
		return engineError("run image "+s.Image, err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// apply makes the first process of a container that of a session.
func (o Session) apply(s *specgen.SpecGenerator) {
	if o.Own {
		o.applyOwn(s)
		return
	}
	kill := syscall.SIGKILL // a process that waits would not listen to another one
	s.Init, s.StopSignal = false, &kill
	s.LogConfiguration = &specgen.LogConfig{Driver: "none"}
	if o.Ready != "" {
		s.LogConfiguration.Driver = "k8s-file"
	}
	switch {
	case o.Command == nil:
		s.Entrypoint, s.Command = []string{"/bin/sh", "-c", idle}, nil
	case o.Entrypoint == nil:
		s.Command = o.Command
	default: // an empty list would be left out of the request
		s.Entrypoint, s.Command = slices.Concat(o.Entrypoint, o.Command), nil
	}
}

// Name returns the container's name, which Keep changes.
func (c *Container) Name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name
}

// Warnings returns what the engine said when it made the container, such as
// that limits are ignored.
func (c *Container) Warnings() []string { return c.warnings }

// Remove ends whatever runs in the container and removes it, also after ctx
// was cancelled. Removing it again does nothing.
func (c *Container) Remove(ctx context.Context) error {
	conn, done, err := c.engine.service.Afterwards(ctx)
	if err != nil && c.engine.service.Reconnect(context.WithoutCancel(ctx)) == nil {
		conn, done, err = c.engine.service.Afterwards(ctx)
	}
	if err != nil {
		return err
	}
	defer done()
	defer c.settle()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.engine.discard(conn, c.record); err != nil {
		return engineError("remove container "+c.name, err)
	}
	return nil
}

// settle waits until nothing of ours goes on in the background.
func (c *Container) settle() {
	if c.swept != nil {
		<-c.swept
	}
}

// errGone is a session whose container is not there any more.
var errGone = errors.New("the container is gone")
