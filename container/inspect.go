// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/images"
	"github.com/containers/podman/v4/pkg/domain/entities"
	"github.com/containers/podman/v4/pkg/errorhandling"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// shortID matches short hexadecimal names, which podman accepts as a prefix of
// an ID. podman itself shows 12 digits.
var shortID = lazyregexp.New(`^[0-9a-f]{1,11}$`)

// Exists reports whether an image is in the local store.
func (e *Engine) Exists(ctx context.Context, reference string) (bool, error) {
	_, err := e.Inspect(ctx, reference)
	if errors.Is(err, api.ErrNoImage) {
		return false, nil
	}
	return err == nil, err
}

// Inspect returns an image in the local store. If there is none, the error is
// ErrNoImage. The engine resolves the reference, which is a name, short name,
// tag, digest or an ID of at least 12 digits.
func (e *Engine) Inspect(ctx context.Context, reference string) (api.Image, error) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return api.Image{}, err
	}
	defer podman.CloseIdle(c)
	return e.inspect(c, reference)
}

func inspect(c context.Context, reference string) (api.Image, error) {
	if reference == "" {
		return api.Image{}, &api.NoImageError{Reference: reference}
	}
	report, err := images.GetImage(c, reference, nil)
	if err != nil {
		if code(err) == http.StatusNotFound {
			return api.Image{}, &api.NoImageError{Reference: reference}
		}
		return api.Image{}, engineError("inspect image "+reference, err)
	}
	image := fromReport(report)
	if shortID.MatchString(reference) && !slices.ContainsFunc(image.Tags, func(tag string) bool { return namedAs(tag, reference) }) {
		return api.Image{}, &api.NoImageError{Reference: reference}
	}
	return image, nil
}

// namedAs reports whether the last component of tag is name, with the tag
// latest.
func namedAs(tag, name string) bool {
	last := tag[strings.LastIndexByte(tag, '/')+1:]
	return last == name+":latest"
}

func fromReport(r *entities.ImageInspectReport) api.Image {
	image := api.Image{
		ID: r.ID, Digest: r.Digest.String(), Tags: r.RepoTags, Labels: r.Labels, Architecture: r.Architecture, User: r.User, Size: r.Size,
	}
	if r.Config != nil {
		image.Env, image.Entrypoint, image.Command, image.WorkDir = r.Config.Env, r.Config.Entrypoint, r.Config.Cmd, r.Config.WorkingDir
		image.Ports = exposed(r.Config.ExposedPorts)
	}
	if r.RootFS != nil {
		for _, layer := range r.RootFS.Layers {
			image.Layers = append(image.Layers, layer.String())
		}
	}
	if r.Created != nil {
		image.Created = *r.Created
	}
	return image
}

// Remove removes an image. The error is ErrNoImage if it does not exist. Without
// Force, an image that a container uses is not removed and the error says so.
func (e *Engine) Remove(ctx context.Context, o api.RemoveOptions) error {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return err
	}
	defer podman.CloseIdle(c)
	if _, err := e.inspect(c, o.Image); err != nil {
		return err
	}
	if err := e.removeImage(c, o.Image, o.Force); err != nil {
		return engineError("remove image "+o.Image, err)
	}
	if r, err := e.records.Get(records.Auxiliary, o.Image); err == nil {
		e.forget(r)
	}
	return nil
}

// splitTag splits a reference into the arguments of images.Tag.
func splitTag(reference string) (repository, tag string) {
	reference = api.WithTag(reference)
	i := strings.LastIndexByte(reference, ':')
	return reference[:i], reference[i+1:]
}

// noSuchImage recognises a missing image in the response to create: status 500
// in podman 4.3, 404 later.
func noSuchImage(err error) bool {
	m, ok := errors.AsType[*errorhandling.ErrorModel](err)
	return ok && (m.Because == "image not known" || m.Because == "no such image")
}

// code returns the HTTP status of an error of the bindings, or 0.
func code(err error) int {
	if m, ok := errors.AsType[*errorhandling.ErrorModel](err); ok {
		return m.ResponseCode
	}
	return 0
}
