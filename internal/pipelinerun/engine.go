// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"io"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/imageupdates"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// An Engine runs jobs in containers. See Podman.
type Engine interface {
	images
	jobrun.Engine
}

// images is what an Engine does beside containers of jobs.
type images interface {
	envimage.Builder
	imageupdates.Engine
	jobrun.KeptEngine
	LockKept(name string, shared bool) (unlock func(), busy bool, err error)
	PullPlatform(ctx context.Context, reference, platform string, log io.Writer) (api.Image, error)
	Local() bool
	Rootless(ctx context.Context) (bool, error)
}

// starter is the part of container.Engine that an Engine uses. It is generic so
// that this package does not link podman's bindings.
type starter[C jobrun.Container] interface {
	images
	Start(ctx context.Context, o api.StartOptions) (C, error)
	Open(ctx context.Context, name string) (C, error)
}

// Podman returns an Engine for a *container.Engine.
func Podman[C jobrun.Container](e starter[C]) Engine { return podman[C]{e} }

type podman[C jobrun.Container] struct{ starter[C] }

func (p podman[C]) Start(ctx context.Context, o api.StartOptions) (jobrun.Container, error) {
	c, err := p.starter.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p podman[C]) Open(ctx context.Context, name string) (jobrun.Container, error) {
	c, err := p.starter.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return c, nil
}
