// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/images"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// Pull pulls an image, even if one with this name exists locally, and returns
// it. It removes the image that had the name before if lcitool made it and
// nothing else uses it. podman's output goes to log, which may be nil. An error
// is an *EngineError with the reference, and the previous image stays.
func (e *Engine) Pull(ctx context.Context, reference string, log io.Writer) (api.Image, error) {
	return e.PullPlatform(ctx, reference, "", log)
}

// PullPlatform is Pull for a platform such as linux/arm64/v8. "" means the
// engine's own.
func (e *Engine) PullPlatform(ctx context.Context, reference, platform string, log io.Writer) (api.Image, error) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return api.Image{}, err
	}
	defer podman.CloseIdle(c)
	before, err := inspect(c, reference)
	if err != nil && !errors.Is(err, api.ErrNoImage) {
		return api.Image{}, err
	}
	if log == nil {
		log = io.Discard
	}
	there := imageIDs(c)
	options := new(images.PullOptions).WithProgressWriter(log).WithPolicy("always").WithAuthfile(e.authFile())
	if platform != "" {
		system, arch, variant := api.SplitPlatform(platform)
		options.WithOS(system).WithArch(arch).WithVariant(variant)
	}
	ids, err := images.Pull(c, reference, options)
	if ctx.Err() != nil { // the bindings report the end of ctx like the end of the output
		return api.Image{}, fmt.Errorf("cannot pull image %s: %w", reference, context.Cause(ctx))
	}
	if err == nil && len(ids) == 0 {
		err = errors.New("the stream ended without an image")
	}
	if err != nil {
		return api.Image{}, &api.EngineError{Op: "pull image " + reference, Code: 125, Err: errors.New(explain.LastLine(err.Error())), Hint: explain.RegistryHint(err.Error())}
	}
	image, err := inspect(c, reference)
	if err == nil && there != nil && !there[image.ID] {
		err = e.recordImage(image.ID, origin{})
	}
	if err == nil && before.ID != "" && before.ID != image.ID && e.madeImage(before.ID) {
		e.removeNameless(c, before.ID)
	}
	return image, err
}

// imageIDs returns the local images, or nil if they are unknown.
func imageIDs(c context.Context) map[string]bool {
	list, err := images.List(c, new(images.ListOptions).WithAll(true))
	if err != nil {
		return nil
	}
	there := map[string]bool{}
	for _, item := range list {
		there[item.ID] = true
	}
	return there
}

// pullBase asks the registry for a newer base image if o.Pull is PullNewer, so
// that an image with an unchanged base is not built again. If the registry does
// not answer, the local base image is used and a line is logged.
func (e *Engine) pullBase(ctx context.Context, o api.BuildOptions) (api.BuildOptions, error) {
	if o.Pull != api.PullNewer || stages(o) != 1 || strings.Contains(baseImage(o), "$") {
		return o, nil
	}
	o.Pull = api.PullMissing
	_, err := e.PullPlatform(ctx, baseImage(o), o.Platform, o.Log)
	if err == nil || ctx.Err() != nil {
		return o, err
	}
	there, lookErr := e.Exists(ctx, baseImage(o))
	if lookErr != nil {
		return o, lookErr
	}
	if !there {
		return o, &api.BuildError{Tag: o.Tag, Base: baseImage(o), BaseMissing: true, Text: err.Error()}
	}
	say(o.Log, "warning: "+err.Error()+"; the one that is here is used")
	return o, nil
}

// ForPlatform returns the local image if it is for the platform's architecture,
// and pulls it otherwise.
func (e *Engine) ForPlatform(ctx context.Context, reference, platform string, log io.Writer) (api.Image, error) {
	image, err := e.Inspect(ctx, reference)
	switch {
	case err == nil && api.RunsOn(image, platform):
		return image, nil
	case err != nil && !errors.Is(err, api.ErrNoImage):
		return api.Image{}, err
	case err == nil && slices.ContainsFunc(image.Tags, func(tag string) bool { return strings.HasPrefix(tag, "localhost/") && matches(tag, reference) }):
		return api.Image{}, &api.EngineError{Op: "run image " + reference, Code: 125, Err: fmt.Errorf("it is for %s, not for %s", image.Architecture, platform)}
	}
	return e.PullPlatform(ctx, reference, platform, log)
}

// matches reports whether tag, a full name, is the local image that reference
// means.
func matches(tag, reference string) bool {
	reference = api.WithTag(reference)
	return tag == reference || tag == "localhost/"+reference
}
