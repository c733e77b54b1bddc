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

	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// Pull gets an image from its registry, whether or not one of that name is
// here, and returns what is here then. An image that loses its name to it and
// that nothing else has a use for is removed. What podman says goes to log,
// which may be nil. An error is an *EngineError that names the reference; the
// image that was here then stays as it is.
func (e *Engine) Pull(ctx context.Context, reference string, log io.Writer) (Image, error) {
	return e.PullPlatform(ctx, reference, "", log)
}

// PullPlatform is Pull for a platform such as linux/arm64/v8; the empty one is
// the engine's own.
func (e *Engine) PullPlatform(ctx context.Context, reference, platform string, log io.Writer) (Image, error) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return Image{}, err
	}
	defer podman.CloseIdle(c)
	before, err := inspect(c, reference)
	if err != nil && !errors.Is(err, ErrNoImage) {
		return Image{}, err
	}
	if log == nil {
		log = io.Discard
	}
	there := imageIDs(c)
	options := new(images.PullOptions).WithProgressWriter(log).WithPolicy("always").WithAuthfile(e.authFile())
	if platform != "" {
		system, arch, variant := splitPlatform(platform)
		options.WithOS(system).WithArch(arch).WithVariant(variant)
	}
	ids, err := images.Pull(c, reference, options)
	if ctx.Err() != nil { // which the bindings take for an end like any other
		return Image{}, fmt.Errorf("cannot pull image %s: %w", reference, context.Cause(ctx))
	}
	if err == nil && len(ids) == 0 {
		err = errors.New("the stream ended without an image")
	}
	if err != nil {
		return Image{}, &EngineError{Op: "pull image " + reference, Code: 125, Err: errors.New(podman.LastLine(err.Error())), Hint: registryHint(err.Error())}
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

// imageIDs lists the images that are there, nil if that is not known.
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

// removeNameless removes an image if it has no name and nothing needs it.
func (e *Engine) removeNameless(c context.Context, id string) {
	image, err := inspect(c, id)
	if err != nil || len(image.Tags) > 0 {
		return // gone already, or known by another name
	}
	if _, errs := images.Remove(c, []string{id}, nil); len(errs) > 0 {
		e.log.Debug("previous image stays", "image", id, "err", errors.Join(errs...))
		return
	}
	e.forgetImage(id)
}

// pullBase asks the registry for a newer base image, if that is wanted, so
// that an image whose base is still the same need not be built again. When the
// registry does not answer the base that is here does, and that is said.
func (e *Engine) pullBase(ctx context.Context, o BuildOptions) (BuildOptions, error) {
	if o.Pull != PullNewer || o.stages() != 1 || strings.Contains(o.base(), "$") {
		return o, nil
	}
	o.Pull = PullMissing
	_, err := e.PullPlatform(ctx, o.base(), o.Platform, o.Log)
	if err == nil || ctx.Err() != nil {
		return o, err
	}
	there, lookErr := e.Exists(ctx, o.base())
	if lookErr != nil {
		return o, lookErr
	}
	if !there {
		return o, &BuildError{Tag: o.Tag, Base: o.base(), BaseMissing: true, Text: err.Error()}
	}
	say(o.Log, "warning: "+err.Error()+"; the one that is here is used")
	return o, nil
}

// splitPlatform reads OS/ARCH/VARIANT, ARCH alone is required.
func splitPlatform(platform string) (system, arch, variant string) {
	system, rest, ok := strings.Cut(platform, "/")
	if !ok {
		return "linux", platform, ""
	}
	arch, variant, _ = strings.Cut(rest, "/")
	return system, arch, variant
}

// RunsOn reports whether an image is for a platform; the empty one is any.
func RunsOn(image Image, platform string) bool {
	_, arch, _ := splitPlatform(platform)
	return platform == "" || image.Architecture == arch
}

// ForPlatform returns an image for a platform: the one that is here, if it is
// for its architecture, or else one of its registry.
func (e *Engine) ForPlatform(ctx context.Context, reference, platform string, log io.Writer) (Image, error) {
	image, err := e.Inspect(ctx, reference)
	switch {
	case err == nil && RunsOn(image, platform):
		return image, nil
	case err != nil && !errors.Is(err, ErrNoImage):
		return Image{}, err
	case err == nil && slices.ContainsFunc(image.Tags, func(tag string) bool { return strings.HasPrefix(tag, "localhost/") && matches(tag, reference) }):
		return Image{}, &EngineError{Op: "run image " + reference, Code: 125, Err: fmt.Errorf("it is for %s, not for %s", image.Architecture, platform)}
	}
	return e.PullPlatform(ctx, reference, platform, log)
}

// matches reports whether a whole name is what a reference stands for here.
func matches(tag, reference string) bool {
	reference = WithTag(reference)
	return tag == reference || tag == "localhost/"+reference
}
