// SPDX-License-Identifier: GPL-2.0-or-later

package api

import (
	"context"
	"io"
)

// A Mount is a bind mount of a host file or directory.
type Mount struct {
	Source   string // absolute path on the host
	Target   string // absolute path in the container
	ReadOnly bool
	Overlay  bool // writes go to a layer that ends with the container; Source stays as it is

	// Hide is the name of an entry of Source that the container does not see. It
	// requires an overlay, a session and an engine on this machine.
	Hide string

	// Upper is a directory with the initial upper layer over Source, including
	// whiteouts; "" for none. It requires an overlay and a session, and fails
	// with ErrNoUpper if the engine cannot store it.
	Upper string
}

// A Volume is a named volume, created if it does not exist.
type Volume struct {
	Name     string
	Target   string
	ReadOnly bool
}

// A Tree is a set of files that are copied into a container before it starts,
// for an engine that does not see the host's directories. They belong to the
// container's user. Changes are not copied back.
type Tree struct {
	Target string                                       // directory in the container, made if it is missing
	Tar    func(ctx context.Context, w io.Writer) error // writes the archive of what belongs there

	AsPacked bool // Target exists, and the files have the owners in the archive

	// Mounted are the absolute paths of directories or files that hold everything
	// in the archive. The container may have them as mounts of its own, which hide
	// what its image has there. It requires AsPacked and a session.
	Mounted []string
}

// Network is the network of a build or container.
type Network string

// Networks. The zero value is podman's default for its command line, a private
// network.
const (
	NetworkDefault Network = ""
	NetworkNone    Network = "none"
	NetworkHost    Network = "host"
	NetworkBridge  Network = "bridge"
)
