// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"io"
	"os"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/envimage"
)

// Engine is the part of podman that a Runner calls.
type Engine interface {
	envimage.Builder
	PullPlatform(ctx context.Context, reference, platform string, log io.Writer) (api.Image, error)
	Start(ctx context.Context, o api.StartOptions) (Container, error)
	Open(ctx context.Context, name string) (Container, error)
	Address() string
	Local() bool
	Rootless(ctx context.Context) (bool, error)
}

// Container is the container of a job or of one of its services.
// *container.Container implements it.
type Container interface {
	Name() string
	Warnings() []string
	Exec(ctx context.Context, o api.ExecOptions) (api.RunResult, error)
	Exited(ctx context.Context) (code int, exited bool, err error)
	Follow(ctx context.Context, line func(string)) error
	Put(ctx context.Context, dir string, tar io.Reader) error
	Get(ctx context.Context, path string, tar io.Writer) error
	GetNoFollow(ctx context.Context, path string, tar io.Writer) error
	Mounted(dir string) (*os.Root, error)
	Restart(ctx context.Context) error
	Kill(ctx context.Context) error
	Keep(ctx context.Context) (name string, err error)
	Remove(ctx context.Context) error
}
