// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"io"
	"time"
)

// PullPolicy says when the base image is asked from a registry.
type PullPolicy int

// Pull policies; the zero value pulls what is missing.
const (
	PullMissing PullPolicy = iota
	PullAlways
	PullNever
	PullNewer
)

// BuildOptions describes one image to build.
type BuildOptions struct {
	Tag        string            // name promised to users; moved only after success
	Dockerfile []byte            // whole text; the build context holds nothing else
	Labels     map[string]string // put on the image beside our own; part of the input digest
	Args       map[string]string // ARG values
	Network    Network           // of RUN steps; the zero value is a private network
	Pull       PullPolicy        // PullAlways and PullNewer also bypass the input digest
	Force      bool              // build even if the input digest says nothing changed
	NoCache    bool              // run every step again; implies Force
	Log        io.Writer         // the build's output as it comes; nil discards it
}

// A BuildResult is an image that exists under its tag.
type BuildResult struct {
	ID       string        // 64 hex digits
	Cached   bool          // the input digest matched and no build was started
	Replaced string        // ID of the image that had the tag before; empty if none or the same
	Duration time.Duration // wall clock
}

// Build makes an image and then moves its tag, so that a failing build leaves
// the previous image in place. Errors are *BuildError when a step failed and
// *EngineError when podman did; a cancelled ctx gives an error that wraps its
// cause. With a private service cancelling ends the running step at once;
// with any other the step runs on there, and the error says so.
func (e *Engine) Build(ctx context.Context, o BuildOptions) (BuildResult, error) {
	return BuildResult{}, errors.ErrUnsupported
}

// A BuildError is a build that ran and failed.
type BuildError struct {
	Tag      string // what was to be built
	Step     int    // number of the failing step from 1; 0 when unknown
	Steps    int    // how many there are
	Line     string // the instruction of that step
	Code     int    // exit status of its command; 0 when it was not that
	BaseGone bool   // the base image is neither here nor to be had; see Base
	Base     string // image that the Dockerfile starts from
	Text     string // podman's own words, whole
}

func (b *BuildError) Error() string { return b.Text }
