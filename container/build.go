// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/images"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// PullPolicy says when the base image is asked from a registry.
type PullPolicy int

// Pull policies; the zero value pulls what is missing.
const (
	PullMissing PullPolicy = iota
	PullAlways
	PullNever
	PullNewer // than what is here; goes on without when the registry does not answer
)

// BuildOptions describes one image to build.
type BuildOptions struct {
	Tag         string            // name promised to users; moved only after success
	Dockerfile  []byte            // whole text; without Context the build context holds nothing else
	File        string            // path of the Dockerfile in errors; "" for Dockerfile
	Recipe      []byte            // sent in Dockerfile's place; makes the same image, such as with cache mounts; nil for Dockerfile itself
	CacheDir    string            // directory of the host for cache mounts that last, made if need be; "" for the service's own
	Labels      map[string]string // put on the image beside our own; part of the input digest
	ExtraLabels map[string]string // put on the image too, but no reason to build it again
	Args        map[string]string // ARG values
	Context     BuildContext      // the files that the Dockerfile copies
	Network     Network           // of RUN steps; the zero value is a private network
	Pull        PullPolicy        // of the base image; PullAlways also builds when nothing changed
	Platform    string            // such as linux/arm64, emulated where it is not the engine's own; "" for that
	Offline     bool              // no network for RUN steps either; not part of the input digest
	Force       bool              // build even if the input digest says nothing changed
	NoCache     bool              // run every step again; implies Force
	AllowUnsafe bool              // build what this builder lets reach the host; what no builder is given is refused all the same
	Delta       *Delta            // how to make the image on top of an older one; nil for not at all
	Exact       bool              // make nothing on top of an older image, nor take an image that was made so
	Log         io.Writer         // the build's output as it comes; nil discards it
}

// A BuildContext is the files that a Dockerfile copies, beside itself. The zero
// value has none.
type BuildContext struct {
	Write  func(dir string) error // puts the files into an empty directory; nil for none
	Digest string                 // of the files; part of the input digest
}

// A BuildResult is an image that exists under its tag.
type BuildResult struct {
	ID       string        // 64 hex digits
	Cached   bool          // the input digest matched and no build was started
	Replaced string        // ID of the image that had the tag before; empty if none or the same
	Delta    string        // ID of the image it was made on top of; empty if made as a whole or Cached
	Added    []string      // packages that a delta has more than that image, sorted
	Duration time.Duration // wall clock

	deltas int // that it consists of
}

// Build makes an image and then moves its tag, so that a failing build leaves
// the previous image in place. The previous image is removed afterwards if
// nothing else has a name for it or uses it. Of two that build the same at
// once, in this process or another of this user, one builds and the other
// waits for it.
//
// Errors are *BuildError when podman's builder says why, *EngineError when
// podman itself fails; a cancelled ctx gives an error that wraps its cause.
// With a private service cancelling ends the running step at once; with any
// other that step runs on there, and the error says so.
func (e *Engine) Build(ctx context.Context, o BuildOptions) (BuildResult, error) {
	started := time.Now()
	record := e.newBuildRecord()
	text, digest, err := o.prepare(record.Token)
	if err != nil {
		return BuildResult{}, fmt.Errorf("cannot build image %s: %w", o.Tag, err)
	}
	if err := e.safe(ctx, o, nil); err != nil {
		return BuildResult{}, err
	}
	if o, err = e.pullBase(ctx, o); err != nil {
		return BuildResult{}, err
	}
	old, err := e.standing(ctx, o, digest)
	if err == nil && !old.same {
		unlock, lockErr := e.LockImage(ctx, o.Tag)
		if lockErr != nil {
			return BuildResult{}, lockErr
		}
		defer unlock()
		old, err = e.standing(ctx, o, digest) // somebody may have built it meanwhile
	}
	if err != nil {
		return BuildResult{}, err
	}
	if old.same {
		return BuildResult{ID: old.image.ID, Cached: true, Duration: time.Since(started)}, nil
	}
	unlockImages, err := e.useImages(ctx)
	if err != nil {
		return BuildResult{}, err
	}
	defer func() {
		unlockImages()
		<-e.sweepLater(ctx)
		e.retryReplaced(ctx, record)
	}()
	pull, err := e.safeBases(ctx, o)
	if err != nil {
		return BuildResult{}, err
	}
	record.Extra = map[string]string{extraBases: strings.Join(append(e.bases(ctx, o), old.image.ID), " ")}
	if err := e.recordBuild(record); err != nil {
		return BuildResult{}, err
	}
	result, done, err := e.buildOver(ctx, o, record, digest, old)
	if err == nil && !done {
		judged := o
		judged.Pull = pull
		result.ID, err = e.build(ctx, order{BuildOptions: judged, record: record, text: text})
	}
	if err != nil {
		e.endBuild(record)
		return BuildResult{}, err
	}
	result.Duration = time.Since(started)
	if old.image.ID != result.ID {
		result.Replaced = old.image.ID
	}
	if err := e.recordImage(result.ID, o.origin(digest, result.deltas)); err != nil {
		return BuildResult{}, &EngineError{Op: "record image " + o.Tag, Code: 125, Err: err}
	}
	return result, e.promote(ctx, o.Tag, record, result.ID, result.Replaced)
}

// A standing is what there is of an image before it is built.
type standing struct {
	image Image // that has the tag; the zero value if none has
	same  bool  // it was made from the same input, so that there is nothing to do
	moved bool  // it was made from a base that is another one now
	from  origin
}

// standing looks the promised tag up. An image was made from the same input if
// its record has the same digest, and its base is gone or still the same.
func (e *Engine) standing(ctx context.Context, o BuildOptions, digest string) (standing, error) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return standing{}, err
	}
	defer podman.CloseIdle(c)
	baseNow := make(chan []string, 1)
	go func() { // beside the other request, since this is the fast path
		base, _ := inspect(c, o.base()) // without layers when it is not there
		if !RunsOn(base, o.Platform) {
			base.Layers = nil
		}
		baseNow <- base.Layers
	}()
	image, err := inspect(c, WithTag(o.Tag))
	layers := <-baseNow
	if errors.Is(err, ErrNoImage) {
		return standing{}, nil
	}
	if err != nil {
		return standing{}, err
	}
	s := standing{image: image, from: e.originOf(image.ID)}
	s.moved = len(image.Layers) < len(layers) || !slices.Equal(image.Layers[:len(layers)], layers)
	s.same = !o.fresh() && !s.moved && s.from.digest == digest && (!o.Exact || s.from.deltas == 0)
	return s, nil
}

// fresh reports whether an image that is there already will not do.
func (o BuildOptions) fresh() bool {
	return o.Force || o.NoCache || o.Pull == PullAlways || o.Pull == PullNewer
}

// promote gives a finished image its name and removes the one that had it.
func (e *Engine) promote(ctx context.Context, tag string, r records.Record, id, before string) error {
	c, done, err := e.service.Afterwards(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := ctx.Err(); err != nil {
		_, _ = images.Remove(c, []string{id}, nil)
		return fmt.Errorf("cannot build image %s: %w", tag, context.Cause(ctx))
	}
	if !e.madeImage(before) {
		before = "" // the user's: it stays, without a name
	}
	r, err = e.noteImage(r, id, before)
	if err != nil {
		return &EngineError{Op: "name image " + tag, Code: 125, Err: err}
	}
	repository, name := splitTag(tag)
	if err := images.Tag(c, id, name, repository, nil); err != nil {
		return engineError("name image "+tag, err)
	}
	e.removeReplaced(c, r)
	return nil
}

// A BuildError is a build that podman's builder gave up.
type BuildError struct {
	Tag         string // what was to be built
	Step        int    // number of the failing step from 1; 0 when none had begun
	Steps       int    // how many there are
	Instruction string // of that step
	Code        int    // exit status of its command; 0 when it was not that
	Base        string // image that the Dockerfile starts from
	BaseMissing bool   // Base is not here and could not be pulled
	Text        string // podman's own words, whole
}

func (b *BuildError) Error() string {
	where := "cannot build image " + b.Tag + ": "
	if b.Step > 0 && !b.BaseMissing {
		where += fmt.Sprintf("step %d of %d: ", b.Step, b.Steps)
	}
	switch {
	case b.BaseMissing:
		return strings.TrimSuffix(fmt.Sprintf("%sbase image %s is not here and cannot be pulled: %s", where, b.Base, registryReason(b.Text)), ": ")
	case b.Code != 0:
		return fmt.Sprintf("%scommand exited with status %d", where, b.Code)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(b.Text), "\n")
	return where + first
}
