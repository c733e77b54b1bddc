// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/buildrisk"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// safeBases checks the Dockerfile together with its base images, whose variables
// change the meaning of instructions and whose ONBUILD instructions the builder
// runs first. It pulls missing base images before the check. The returned policy
// makes the builder use the images that were checked.
func (e *Engine) safeBases(ctx context.Context, o api.BuildOptions) (api.PullPolicy, error) {
	policy := api.PullMissing
	if o.Pull == api.PullNever {
		policy = api.PullNever
	}
	f, err := buildrisk.Parse(o.Dockerfile, o.Args, nil)
	if err != nil {
		return policy, fmt.Errorf("cannot build image %s: %s: %w", o.Tag, dockerfileName(o), err)
	}
	bases, hidden := map[string]buildrisk.Base{}, map[string]error{}
	for _, from := range f.Froms() {
		image, err := e.pullFrom(ctx, o, from)
		if err != nil {
			return policy, err
		}
		base, err := e.base(ctx, image)
		if ctx.Err() != nil {
			return policy, err
		}
		if err != nil {
			hidden[from.Image] = err
		}
		if old, twice := bases[from.Image]; twice { // for two platforms
			base.OnBuild = append(old.OnBuild, base.OnBuild...)
			base.Env = append(old.Env, base.Env...)
		}
		bases[from.Image] = base
	}
	if err := e.safe(ctx, o, bases); err != nil {
		return policy, err
	}
	return policy, e.hiddenBases(ctx, o, hidden)
}

// pullFrom returns the image that a stage starts from, and pulls it if needed.
// If the policy forbids it, the builder reports the missing image.
func (e *Engine) pullFrom(ctx context.Context, o api.BuildOptions, from buildrisk.From) (api.Image, error) {
	image, err := e.Inspect(ctx, from.Image)
	if err != nil && !errors.Is(err, api.ErrNoImage) {
		return api.Image{}, err
	}
	there := err == nil && api.RunsOn(image, from.Platform)
	if there && o.Pull != api.PullAlways && o.Pull != api.PullNewer || o.Pull == api.PullNever {
		return image, nil
	}
	pulled, err := e.PullPlatform(ctx, from.Image, from.Platform, o.Log)
	switch {
	case err == nil || ctx.Err() != nil:
		return pulled, err
	case there && o.Pull == api.PullNewer:
		say(o.Log, "warning: "+err.Error()+"; the one that is here is used")
		return image, nil
	}
	return api.Image{}, &api.BuildError{Tag: o.Tag, Base: from.Image, BaseMissing: true, Text: err.Error()}
}

// base returns what an image adds to a build. It fails if the image's ONBUILD
// instructions cannot be read.
func (e *Engine) base(ctx context.Context, image api.Image) (buildrisk.Base, error) {
	b := buildrisk.Base{Env: image.Env, WorkDir: image.WorkDir}
	if image.ID == "" { // not there
		return b, nil
	}
	c, err := e.service.Conn(ctx)
	if err != nil {
		return b, err
	}
	defer podman.CloseIdle(c)
	texts, err := e.onBuild(c, image)
	b.OnBuild = buildrisk.OneFile(texts)
	return b, err
}

// hiddenBases decides about base images whose ONBUILD instructions cannot be
// read, given by name. They are refused if podman lets a build reach its machine.
func (e *Engine) hiddenBases(ctx context.Context, o api.BuildOptions, hidden map[string]error) error {
	if len(hidden) == 0 || o.AllowUnsafe {
		return nil
	}
	known := buildrisk.Known(e.buildah(ctx))
	u := &api.UnsafeError{Tag: o.Tag, Hint: "--allow-unsafe-build builds it without looking at them"}
	for _, name := range slices.Sorted(maps.Keys(hidden)) {
		if len(known) == 0 {
			say(o.Log, fmt.Sprintf("warning: cannot read the ONBUILD instructions of base image %s: %v", name, hidden[name]))
			continue
		}
		u.Problems = append(u.Problems, fmt.Sprintf("%s: cannot read the ONBUILD instructions of base image %s, which this podman lets reach its machine (%s): %v", dockerfileName(o), name, known[0], hidden[name]))
	}
	if len(u.Problems) == 0 {
		return nil
	}
	return u
}
