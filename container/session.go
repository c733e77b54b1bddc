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

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// idle is the command of a session's first process. It waits and reaps orphaned
// processes. A shell can do both in any image. It has no signal handlers, so
// signals from inside the container do not reach it as PID 1. If the sleep is
// killed, it starts another one.
const idle = `while :; do sleep 1000000 & wait $!; done`

// A Container runs until Remove or Keep, and several commands can be run in it.
// It is safe for concurrent use.
type Container struct {
	engine   *Engine
	warnings []string
	swept    <-chan struct{}
	files    string   // directory of the host with the mounted directories, by their paths in the container
	mounted  []string // of Tree.Mounted

	mu     sync.Mutex
	name   string
	record records.Record
}

// Start creates and starts a container whose first process waits. If neither
// Remove nor Keep is called, it is a leftover when this process ends. Errors are
// those of Run.
func (e *Engine) Start(ctx context.Context, o api.StartOptions) (*Container, error) {
	for {
		asked := e.rlimits()
		if o.Session.AsImage {
			asked = e.engineLimits()
		}
		ports := !e.refusedPorts.Load()
		c, err := e.startOnce(ctx, o)
		if !e.lowerLimits(asked, err) && !(ports && e.refusesPorts(err)) {
			return c, err
		}
	}
}

func (e *Engine) startOnce(ctx context.Context, o api.StartOptions) (*Container, error) {
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
	uploads, err := uploads(o.ContainerOptions, u, false)
	if err != nil {
		return nil, err
	}
	c := &Container{engine: e, name: s.Name}
	if err := c.start(ctx, s, uploads, o.Mounts); err != nil {
		_ = c.Remove(ctx) // it reports its own errors
		return nil, err
	}
	c.swept = e.sweepLater(ctx)
	return c, nil
}

func (c *Container) start(ctx context.Context, s *specgen.SpecGenerator, uploads []api.Tree, mounts []api.Mount) error {
	conn, err := c.engine.service.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	defer podman.CloseIdle(conn)
	layers, dir, err := c.engine.layers(conn, s, mounts)
	c.record.Extra = map[string]string{extraLayers: layers}
	if err != nil {
		return err
	}
	if uploads, err = c.mountFiles(ctx, s, dir, uploads); err != nil {
		return err
	}
	c.record, c.warnings, err = c.engine.create(conn, s, layers)
	if err != nil {
		if noSuchImage(err) {
			return &api.NoImageError{Reference: s.Image}
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

func applySession(o api.Session, s *specgen.SpecGenerator) {
	if o.Own {
		applyOwn(o, s)
		return
	}
	kill := syscall.SIGKILL // a waiting process ignores other signals
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
	default: // the request would omit an empty list
		s.Entrypoint, s.Command = slices.Concat(o.Entrypoint, o.Command), nil
	}
}

// Name returns the container's name. Keep changes it.
func (c *Container) Name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name
}

// Warnings returns the engine's warnings about the container's creation, for
// example about ignored limits.
func (c *Container) Warnings() []string { return c.warnings }

// Remove stops the container and removes it, also after ctx was cancelled.
// Further calls do nothing.
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

// settle waits for the background cleanup.
func (c *Container) settle() {
	if c.swept != nil {
		<-c.swept
	}
}

// errGone reports a session whose container does not exist any more.
var errGone = errors.New("the container is gone")
