// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/images"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// Build builds an image and then moves the tag, so that a failed build does not
// affect the previous image. It removes the previous image afterwards if that
// has no other name and is not in use. If another goroutine or process of this
// user builds the same image, Build waits for it and uses the result.
//
// Errors are *BuildError if the builder reports a failure and *EngineError if
// podman itself fails; after cancellation the error wraps the cause of ctx. With
// a private service, cancellation stops the running step at once; another
// service goes on with it, and the error says so.
func (e *Engine) Build(ctx context.Context, o api.BuildOptions) (api.BuildResult, error) {
	started := time.Now()
	record := e.newBuildRecord()
	text, digest, err := prepare(o, record.Token)
	if err != nil {
		return api.BuildResult{}, fmt.Errorf("cannot build image %s: %w", o.Tag, err)
	}
	if err := e.safe(ctx, o, nil); err != nil {
		return api.BuildResult{}, err
	}
	if o, err = e.pullBase(ctx, o); err != nil {
		return api.BuildResult{}, err
	}
	old, err := e.standing(ctx, o, digest)
	if err == nil && !old.same {
		unlock, lockErr := e.LockImage(ctx, o.Tag)
		if lockErr != nil {
			return api.BuildResult{}, lockErr
		}
		defer unlock()
		old, err = e.standing(ctx, o, digest) // another process may have built it meanwhile
	}
	if err != nil {
		return api.BuildResult{}, err
	}
	if old.same {
		result, err := e.reuse(ctx, old.image.ID, o)
		result.Duration = time.Since(started)
		return result, err
	}
	unlockImages, err := e.useImages(ctx)
	if err != nil {
		return api.BuildResult{}, err
	}
	defer func() {
		unlockImages()
		<-e.sweepLater(ctx)
		e.retryReplaced(ctx, record)
	}()
	pull, err := e.safeBases(ctx, o)
	if err != nil {
		return api.BuildResult{}, err
	}
	record.Extra = map[string]string{extraBases: strings.Join(append(e.bases(ctx, o), old.image.ID), " ")}
	if err := e.recordBuild(record); err != nil {
		return api.BuildResult{}, err
	}
	result, done, err := e.buildOver(ctx, o, record, digest, old)
	if err == nil && !done {
		judged := o
		judged.Pull = pull
		result.ID, err = e.build(ctx, order{BuildOptions: judged, record: record, text: text})
	}
	if err != nil {
		e.endBuild(record)
		return api.BuildResult{}, err
	}
	result.Duration = time.Since(started)
	if old.image.ID != result.ID {
		result.Replaced = old.image.ID
	}
	err = errors.Join(e.recordImage(result.ID, originOf(o, digest, result.Deltas)), e.recordAuxiliary(result.ID, result.Replaced, o))
	if err != nil {
		return api.BuildResult{}, &api.EngineError{Op: "record image " + o.Tag, Code: 125, Err: err}
	}
	return result, e.promote(ctx, o.Tag, record, result.ID, result.Replaced)
}

// A standing describes the image that has the tag before a build.
type standing struct {
	image api.Image // image with the tag; the zero value if there is none
	same  bool      // built from the same input: nothing to do
	moved bool      // built from a base image that has changed
	from  origin
}

// standing inspects the tag. The image is unchanged if its image record has the
// same input digest, and its base image is the same or was removed.
func (e *Engine) standing(ctx context.Context, o api.BuildOptions, digest string) (standing, error) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return standing{}, err
	}
	defer podman.CloseIdle(c)
	baseNow := make(chan []string, 1)
	go func() { // concurrent with the other request, because this is the common case
		base, _ := inspect(c, baseImage(o)) // without layers if it does not exist
		if !api.RunsOn(base, o.Platform) {
			base.Layers = nil
		}
		baseNow <- base.Layers
	}()
	image, err := e.inspect(c, api.WithTag(o.Tag))
	layers := <-baseNow
	if errors.Is(err, api.ErrNoImage) {
		return standing{}, nil
	}
	if err != nil {
		return standing{}, err
	}
	s := standing{image: image, from: e.originOf(image.ID)}
	s.moved = len(image.Layers) < len(layers) || !slices.Equal(image.Layers[:len(layers)], layers)
	s.same = !fresh(o) && !s.moved && s.from.digest == digest && (!o.Exact || s.from.deltas == 0)
	return s, nil
}

// fresh reports whether to build although the image exists.
func fresh(o api.BuildOptions) bool {
	return o.Force || o.NoCache || o.Pull == api.PullAlways || o.Pull == api.PullNewer
}

// promote tags a new image and removes the one that had the tag.
func (e *Engine) promote(ctx context.Context, tag string, r records.Record, id, before string) error {
	c, done, err := e.service.Afterwards(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := ctx.Err(); err != nil {
		_ = e.removeImage(c, id, false)
		return fmt.Errorf("cannot build image %s: %w", tag, context.Cause(ctx))
	}
	if !e.madeImage(before) {
		before = "" // the image was not made by lcitool: keep it without a name
	}
	r, err = e.noteImage(c, r, id, before)
	if err != nil {
		return &api.EngineError{Op: "name image " + tag, Code: 125, Err: err}
	}
	repository, name := splitTag(tag)
	if err := images.Tag(c, id, name, repository, nil); err != nil {
		return engineError("name image "+tag, err)
	}
	e.removeReplaced(c, r)
	return nil
}
