// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"slices"

	"github.com/containers/podman/v4/pkg/bindings/images"
	"github.com/containers/podman/v4/pkg/domain/entities"

	"gitlab.com/lcitool/lcitool/container/api"
)

// removeImage removes an image, and then the images without a name below it that
// builds of lcitool made. podman itself would remove all images without a name
// below it, also the only copy of an image that somebody else made. An image below
// that cannot be removed is no error.
func (e *Engine) removeImage(c context.Context, reference string, force bool) error {
	image, err := images.GetImage(c, reference, nil)
	if err != nil {
		return err
	}
	before, err := danglingImages(c)
	if err != nil {
		return err
	}
	for tries := 0; tries < maxChain; tries++ {
		_, errs := images.Remove(c, []string{reference}, new(images.RemoveOptions).WithForce(force).WithNoPrune(true))
		if err := errors.Join(errs...); err != nil && tries > 0 {
			e.log.Debug("image stays", "image", reference, "err", err) // a container can use it
			return nil
		} else if err != nil {
			return err
		}
		if _, err := inspect(c, image.ID); errors.Is(err, api.ErrNoImage) { // it may have another name
			e.forgetImage(image.ID)
		}
		after, err := danglingImages(c)
		if err != nil {
			return err
		}
		below := e.madeBelow(c, image, before, after)
		if below == nil {
			return nil
		}
		image, reference, before, force = below, below.ID, after, false
	}
	return nil
}

// madeBelow returns the image that has no image above it since another one was
// removed, if it is below that one and a build of lcitool made it. The Parent of
// podman's answer is not used, since images with the same layers can be exchanged
// in it.
func (e *Engine) madeBelow(c context.Context, removed *entities.ImageInspectReport, before, after []*entities.ImageSummary) *entities.ImageInspectReport {
	for _, item := range after {
		if slices.ContainsFunc(before, func(i *entities.ImageSummary) bool { return i.ID == item.ID }) {
			continue
		}
		image, err := images.GetImage(c, item.ID, nil)
		if err == nil && len(image.RepoTags) == 0 && isBelow(image, removed) && (isStep(image) || e.madeImage(image.ID)) {
			return image
		}
	}
	return nil
}

// isBelow reports whether the layers of an image are those of another one, or the
// lower ones of it.
func isBelow(image, other *entities.ImageInspectReport) bool {
	if image.RootFS == nil || other.RootFS == nil {
		return false
	}
	n := len(image.RootFS.Layers)
	return n <= len(other.RootFS.Layers) && slices.Equal(image.RootFS.Layers, other.RootFS.Layers[:n])
}

// removeNameless removes an image that has no name if nothing uses it.
func (e *Engine) removeNameless(c context.Context, id string) {
	image, err := inspect(c, id)
	if err != nil || len(image.Tags) > 0 {
		return // gone already, or known by another name
	}
	if err := e.removeImage(c, id, false); err != nil {
		e.log.Debug("image stays", "image", id, "err", err)
	}
}
