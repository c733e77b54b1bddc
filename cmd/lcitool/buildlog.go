// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

func (a *app) verboseFlag(f *pflag.FlagSet) {
	f.BoolVarP(&a.verbose, "verbose", "v", false, "show the full output of image builds instead of one line per step (the default if CI is set)")
}

// showsBuilds reports whether to show the whole output of image builds. It is
// the default in CI, where nobody can read a log file afterwards.
func (a *app) showsBuilds() bool {
	return a.verbose || a.debug || a.Getenv("CI") != ""
}

// buildLog is Streams.BuildLog for this command line.
func (a *app) buildLog(image string, to io.Writer) (w io.Writer, done func(outcome.State)) {
	dir := userdirs.State(a.Getenv)
	if a.showsBuilds() {
		dir = ""
	}
	return a.BuildLog(image, to, dir, a.warnf)
}

func (a *app) ensure(ctx context.Context, engine envimage.Builder, image envimage.Image, to io.Writer) (api.BuildResult, error) {
	log, done := a.buildLog(image.Build.Tag, to)
	built, err := image.Ensure(ctx, engine, log)
	var result outcome.Result
	if err != nil {
		result.Unbuilt(ctx, err)
	}
	done(result.State)
	return built, err
}
