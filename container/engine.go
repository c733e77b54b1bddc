// SPDX-License-Identifier: GPL-2.0-or-later

// Package container drives podman through its REST bindings.
//
// Start with Connect, which finds a service or starts a private one; the
// Engine it returns builds images (Build), runs workloads in them (Run,
// Shell, Start), answers questions about images (Exists, Inspect), removes
// them (Remove) and clears what killed runs left behind (Prune). Package
// bootstrap makes base images, package doctor looks at the machine.
package container

import (
	"log/slog"
	"sync/atomic"
	"time"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// An Engine is one podman service. It is safe for use by several goroutines.
type Engine struct {
	service           *podman.Service
	options           ConnectOptions
	log               *slog.Logger
	owner             records.Owner
	records           *records.Store
	conmonUnreachable atomic.Bool // or direct attach is switched off
	same              samePaths
}

// Address returns the URL of the service.
func (e *Engine) Address() string { return e.service.URL() }

// Local reports whether the service has the files of this machine under the
// same names. If it has not, files are sent to it.
func (e *Engine) Local() bool { return e.service.Local() }

// Source says in words why this address was chosen, such as "CONTAINER_HOST".
func (e *Engine) Source() string { return e.service.Source() }

// Version returns the version of podman's API, such as "4.3.1".
func (e *Engine) Version() string { return e.service.Version() }

// Private reports whether the service was started by us or by an earlier call.
func (e *Engine) Private() bool { return e.service.Private() != nil }

// RunID is the label value that everything made through this engine carries.
func (e *Engine) RunID() string { return e.owner.Run }

// Labels that images of ours carry; the values are the caller's, except that
// those that Build computes: LabelDigest and those about deltas.
const (
	LabelTarget   = "lcitool.target"
	LabelManifest = "lcitool.manifest" // SHA-256 of the manifest that asked for it, in hex
	LabelProjects = "lcitool.projects"
	LabelArch     = "lcitool.arch"
	LabelDigest   = "lcitool.digest"
	LabelSuite    = "lcitool.suite"
	LabelDate     = "lcitool.date"
	LabelRest     = "lcitool.rest"     // SHA-256 of the input but its packages, in hex
	LabelPackages = "lcitool.packages" // that the input names, sorted, a blank between
	LabelDelta    = "lcitool.delta"    // ID of the image that it was made on top of
	LabelDeltas   = "lcitool.deltas"   // how many deltas stand on one another, 1 to 5
)

// An Image is what the engine knows of an image in its store.
type Image struct {
	ID           string            `json:"id"`      // 64 hex digits
	Digest       string            `json:"digest"`  // of the manifest, sha256:…
	Tags         []string          `json:"tags"`    // whole names, in the engine's order
	Labels       map[string]string `json:"labels"`  // may be nil
	Architecture string            `json:"arch"`    // Go's name, such as amd64
	User         string            `json:"user"`    // default user, empty for root
	Env          []string          `json:"env"`     // NAME=VALUE
	Entrypoint   []string          `json:"-"`       // nil for none
	Command      []string          `json:"-"`       // nil for none
	Ports        []int             `json:"-"`       // that it exposes over TCP, sorted
	Size         int64             `json:"size"`    // bytes
	Created      time.Time         `json:"created"` // zero if the image does not say
	Layers       []string          `json:"layers"`  // digests of the layers' content, lowest first

	workDir string // that commands begin in; empty for /
}

// RemoveOptions names an image to remove.
type RemoveOptions struct {
	Image string // reference or ID
	Force bool   // also remove containers made from it
}

// Network says which network a build or a container has.
type Network string

// Networks. The zero value is podman's own choice on the command line: a
// private one.
const (
	NetworkDefault Network = ""
	NetworkNone    Network = "none"
	NetworkHost    Network = "host"
	NetworkBridge  Network = "bridge"
)
