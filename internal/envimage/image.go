// SPDX-License-Identifier: GPL-2.0-or-later

// Package envimage describes the image of a build environment: its tag, how it
// is built, and how its base image is built if it cannot be pulled.
package envimage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/buildsteps"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/targets"
)

// Tag returns the tag of a target's image. It is documented, so it must not
// change.
func Tag(t targets.Target) string { return "lcitool." + t.Environment() }

// foreignTag is Tag for an image of another architecture than this machine's.
func foreignTag(t targets.Target) string { return Tag(t) + "-" + string(t.Host) }

// ForeignBase changes options for building a target's base image to another
// architecture.
func ForeignBase(o bootstrap.Options, target string, arch targets.Arch) bootstrap.Options {
	o.Reference = "lcitool.base." + target + "-" + string(arch)
	o.Arch = bootstrap.Arch{Kernel: string(arch), Debian: arch.Deb(), Go: arch.Go()}
	return o
}

// Options say how an image is built.
type Options struct {
	Tag         string      // "" for that of the target
	Foreign     bool        // the image is for the target's host architecture, which is not this machine's
	Body        render.Body // the Dockerfile, rendered or from Committed
	File        string      // where the Dockerfile is, for messages; "" if it was rendered
	Labels      map[string]string
	Manifest    string // digest of the manifest that the Dockerfile was rendered from, "" for none
	NoCache     bool   // run all steps again
	Exact       bool   // build the Dockerfile as it is, without reusing an older image
	AllowUnsafe bool
	Offline     bool
	PullBase    bool // ask the registry for a newer base image
	Network     api.Network
	CacheDir    string // for packages that the Recipe of Body keeps; "" if there is none
}

// New returns the description of an image. If t is nil, an image is always built
// as a whole, because packages cannot be added to it.
func New(t *targets.Target, o Options) Image {
	b := api.BuildOptions{
		Tag: o.Tag, Dockerfile: o.Body.Text, Recipe: o.Body.Recipe, CacheDir: o.CacheDir, File: o.File, Labels: o.Labels, NoCache: o.NoCache, Exact: o.Exact,
		AllowUnsafe: o.AllowUnsafe, Offline: o.Offline, Network: o.Network,
	}
	if o.Manifest != "" {
		b.ExtraLabels = map[string]string{api.LabelManifest: o.Manifest}
	}
	switch {
	case o.Offline:
		b.Pull = api.PullNever
	case o.PullBase:
		b.Pull = api.PullNewer
	}
	if t != nil {
		b.Delta = delta(*t, o.Body)
		if b.Tag == "" {
			b.Tag = Tag(*t)
			if o.Foreign {
				b.Tag = foreignTag(*t)
			}
		}
		if o.Foreign {
			b.Platform = t.Host.Platform()
		}
	}
	return Image{Build: b}
}

// Committed returns the body of a Dockerfile that a project has committed for a
// target. t may be nil; then the body is only text.
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

// delta says how to add packages to the existing image of a target. It returns
// nil if the image must be built as a whole.
func delta(t targets.Target, body render.Body) *api.Delta {
	if body.Rest == nil {
		return nil
	}
	return &api.Delta{
		Rest:     body.Rest,
		Packages: body.Packages,
		Layer:    func(added []string) ([]byte, error) { return render.AddLayer(t, added) },
	}
}

// An Image says how to build the image of a build environment.
type Image struct {
	Build     api.BuildOptions
	Base      bootstrap.Options // how to make the image that Build starts from
	Bootstrap bool              // make it when it can be had in no other way
}

// Builder is the part of container.Engine that builds images.
type Builder interface {
	Build(context.Context, api.BuildOptions) (api.BuildResult, error)
	bootstrap.Engine
}

// Ensure builds the image if it does not exist or its inputs have changed. With
// Bootstrap, it first builds a base image that cannot be pulled. The builder's
// output goes to log, which may be nil.
//
// A *api.BuildError with BaseMissing set means that Bootstrap was needed.
func (i Image) Ensure(ctx context.Context, e Builder, log io.Writer) (api.BuildResult, error) {
	build := i.Build
	build.Log = log
	result, err := e.Build(ctx, build)
	var failed *api.BuildError
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
