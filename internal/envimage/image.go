// SPDX-License-Identifier: GPL-2.0-or-later

// Package envimage describes the image of a build environment: its tag, how it
// is built, and how its base image is made where it cannot be pulled.
package envimage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/buildsteps"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/targets"
)

// Tag is the tag of a target's image that is promised to users.
func Tag(t targets.Target) string { return "lcitool." + t.Environment() }

// Options say how an image is built.
type Options struct {
	Tag         string      // "" for that of the target
	Body        render.Body // the Dockerfile, rendered or from Committed
	File        string      // where the Dockerfile is, for messages; "" if it was rendered
	Labels      map[string]string
	Manifest    string // digest of the manifest that the Dockerfile comes from, "" for none
	NoCache     bool   // run every step again
	Exact       bool   // build from the Dockerfile as it is, not on top of an older image
	AllowUnsafe bool
	Offline     bool
	PullBase    bool // ask the registry for a newer base image
	Network     container.Network
	CacheDir    string // for the packages that the Recipe of Body keeps, "" without one
}

// New describes an image. Without a target that is known, packages cannot be
// added to it later: it is built as a whole.
func New(t *targets.Target, o Options) Image {
	b := container.BuildOptions{
		Tag: o.Tag, Dockerfile: o.Body.Text, Recipe: o.Body.Recipe, CacheDir: o.CacheDir, File: o.File, Labels: o.Labels, NoCache: o.NoCache, Exact: o.Exact,
		AllowUnsafe: o.AllowUnsafe, Offline: o.Offline, Network: o.Network,
	}
	if o.Manifest != "" {
		b.ExtraLabels = map[string]string{container.LabelManifest: o.Manifest}
	}
	switch {
	case o.Offline:
		b.Pull = container.PullNever
	case o.PullBase:
		b.Pull = container.PullNewer
	}
	if t != nil {
		b.Delta = delta(*t, o.Body)
		if b.Tag == "" {
			b.Tag = Tag(*t)
		}
	}
	return Image{Build: b}
}

// Committed is the body of a Dockerfile that a project has committed for a
// target, nil if the target is not known.
func Committed(t *targets.Target, dockerfile []byte) render.Body {
	body := render.Body{Text: dockerfile}
	if t == nil {
		return body
	}
	if packages, rest, ok := render.Addable(*t, dockerfile); ok {
		body.Packages, body.Rest = packages, rest
	}
	return body
}

// delta says how packages are added to the image of a target; nil if the image
// has to be built as a whole.
func delta(t targets.Target, body render.Body) *container.Delta {
	if body.Rest == nil {
		return nil
	}
	return &container.Delta{
		Rest:     body.Rest,
		Packages: body.Packages,
		Layer:    func(added []string) ([]byte, error) { return render.AddLayer(t, added) },
	}
}

// An Image is a build environment's image, with how to make it.
type Image struct {
	Build     container.BuildOptions
	Base      bootstrap.Options // how to make the image that Build starts from
	Bootstrap bool              // make it when it can be had in no other way
}

// Builder is what making an image asks of an engine.
type Builder interface {
	Build(context.Context, container.BuildOptions) (container.BuildResult, error)
	bootstrap.Engine
}

// Ensure builds the image unless it is there already and nothing has changed
// since, and makes its base image first where that is wanted and needed. What
// the builder says goes to log, which may be nil.
//
// An error that is a *container.BuildError with BaseMissing set says that
// Bootstrap would have been needed.
func (i Image) Ensure(ctx context.Context, e Builder, log io.Writer) (container.BuildResult, error) {
	build := i.Build
	build.Log = log
	result, err := e.Build(ctx, build)
	var failed *container.BuildError
	if !i.Bootstrap || !errors.As(err, &failed) || !failed.BaseMissing {
		return result, err
	}
	if log != nil {
		_, _ = fmt.Fprintln(log, buildsteps.BaseLine(i.Base.Reference))
	}
	base := i.Base
	base.Log = log
	if _, err := bootstrap.Image(ctx, e, base); err != nil {
		return result, err
	}
	return e.Build(ctx, build)
}
