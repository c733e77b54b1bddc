// SPDX-License-Identifier: GPL-2.0-or-later

package workload

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gitlab.com/lcitool/lcitool/container"
)

// An Image is what a workload runs in, with how to make it.
type Image struct {
	Build     container.BuildOptions
	Base      container.BootstrapOptions // how to make the image that Build starts from
	Bootstrap bool                       // make it when it can be had in no other way
}

// imager is what making an image asks of an engine.
type imager interface {
	Build(context.Context, container.BuildOptions) (container.BuildResult, error)
	Bootstrap(context.Context, container.BootstrapOptions) (container.BootstrapResult, error)
}

// Ensure builds the image unless it is there already and nothing has changed
// since, and makes its base image first where that is wanted and needed. What
// the builder says goes to log, which may be nil.
//
// An error that is a *container.BuildError with BaseMissing set says that
// Bootstrap would have been needed.
func (i Image) Ensure(ctx context.Context, e imager, log io.Writer) (container.BuildResult, error) {
	build := i.Build
	build.Log = log
	result, err := e.Build(ctx, build)
	var failed *container.BuildError
	if !i.Bootstrap || !errors.As(err, &failed) || !failed.BaseMissing {
		return result, err
	}
	if log != nil {
		_, _ = fmt.Fprintf(log, "base image %s is not to be had; making it from the distribution's mirror\n", i.Base.Reference)
	}
	base := i.Base
	base.Log = log
	if _, err := e.Bootstrap(ctx, base); err != nil {
		return result, err
	}
	return e.Build(ctx, build)
}
