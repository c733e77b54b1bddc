// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
)

type address struct{ URL, Source string }
type privateService struct{}
type owner struct{ run string }

// Connect finds podman in this order: o.Connection or o.URL, CONTAINER_HOST or
// CONTAINER_CONNECTION, the default connection of containers.conf, the user's
// socket, the system's socket when root, and at last a private service. An
// address that was asked for by name is the only one tried.
func Connect(ctx context.Context, o ConnectOptions) (*Engine, error) {
	return nil, errors.ErrUnsupported
}

// Available returns the engines of this machine, podman before docker. An
// engine is available when "ENGINE version" exits 0.
func Available(ctx context.Context) []string { return nil }

// Exists reports whether an image is in the local store.
func (e *Engine) Exists(ctx context.Context, reference string) (bool, error) {
	return false, errors.ErrUnsupported
}

// Inspect returns an image of the local store, or an error that is ErrNoImage.
func (e *Engine) Inspect(ctx context.Context, reference string) (Image, error) {
	return Image{}, errors.ErrUnsupported
}

// Remove removes an image; one that is not there is ErrNoImage.
func (e *Engine) Remove(ctx context.Context, o RemoveOptions) error { return errors.ErrUnsupported }
