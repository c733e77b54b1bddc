// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"io"
	"path/filepath"

	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/buildsteps"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

// verboseFlag adds the flag of commands that build images.
func (a *app) verboseFlag(f *pflag.FlagSet) {
	f.BoolVarP(&a.verbose, "verbose", "v", false, "show the full output of image builds instead of one line per step (the default if CI is set)")
}

// showsBuilds reports whether to show the whole output of image builds. It is
// the default in CI, where nobody can read a log file afterwards.
func (a *app) showsBuilds() bool {
	return a.verbose || a.debug || a.Getenv("CI") != ""
}

// buildLog returns the writer for the output of an image build. It shows steps
// or, with --verbose, the whole output. The caller must call done, as with
// Streams.Built.
func (a *app) buildLog(image string, to io.Writer) (w io.Writer, done func(outcome.State)) {
	shown, restore := stdio.ForProgram(to)
	state := userdirs.State(a.Getenv)
	if a.showsBuilds() || state == "" {
		return shown, func(outcome.State) { restore() }
	}
	log := buildsteps.NewLog(shown, stdio.IsTerminal(to) && a.Terminal(), filepath.Join(state, "builds"), image)
	return log, func(state outcome.State) {
		path, err := log.Close(state)
		restore()
		if err != nil {
			a.warnf("", "cannot keep the log of the build: %v", err)
		} else if path != "" {
			a.Infof("build log: %s", path)
		}
	}
}

// ensure builds an image if needed.
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
