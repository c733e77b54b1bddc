// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"io"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/envimage"
)

// engine is the part of podman that a Runner calls.
type engine interface {
	envimage.Builder
	PullPlatform(ctx context.Context, reference, platform string, log io.Writer) (container.Image, error)
	Start(ctx context.Context, o container.StartOptions) (jobContainer, error)
	Open(ctx context.Context, name string) (jobContainer, error)
	Address() string
	Local() bool
	Rootless(ctx context.Context) (bool, error)
}

// jobContainer is the container of a job or of one of its services.
// *container.Container implements it.
type jobContainer interface {
	Name() string
	Warnings() []string
	Exec(ctx context.Context, o container.ExecOptions) (container.RunResult, error)
	Exited(ctx context.Context) (code int, exited bool, err error)
	Follow(ctx context.Context, line func(string)) error
	Put(ctx context.Context, dir string, tar io.Reader) error
	Get(ctx context.Context, path string, tar io.Writer) error
	Restart(ctx context.Context) error
	Kill(ctx context.Context) error
	Keep(ctx context.Context) (name string, err error)
	Remove(ctx context.Context) error
}

// podman implements engine with a real podman service.
type podman struct{ *container.Engine }

// Podman returns an engine for Runner.Engine.
func Podman(e *container.Engine) engine { return podman{e} }

func (p podman) Start(ctx context.Context, o container.StartOptions) (jobContainer, error) {
	c, err := p.Engine.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p podman) Open(ctx context.Context, name string) (jobContainer, error) {
	c, err := p.Engine.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return c, nil
}
