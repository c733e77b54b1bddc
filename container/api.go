// SPDX-License-Identifier: GPL-2.0-or-later

package container

import "gitlab.com/lcitool/lcitool/container/api"

// What Engine takes and returns is in package api, which does not link podman.
type (
	BuildContext     = api.BuildContext
	BuildError       = api.BuildError
	BuildOptions     = api.BuildOptions
	BuildResult      = api.BuildResult
	ContainerOptions = api.ContainerOptions
	Delta            = api.Delta
	EngineError      = api.EngineError
	ExecOptions      = api.ExecOptions
	ExitError        = api.ExitError
	Image            = api.Image
	ImportOptions    = api.ImportOptions
	KeptContainer    = api.KeptContainer
	Leftover         = api.Leftover
	Mount            = api.Mount
	Network          = api.Network
	PruneOptions     = api.PruneOptions
	PullPolicy       = api.PullPolicy
	RemoveOptions    = api.RemoveOptions
	RunOptions       = api.RunOptions
	RunResult        = api.RunResult
	Secret           = api.Secret
	Session          = api.Session
	StartOptions     = api.StartOptions
	Tree             = api.Tree
	UnsafeError      = api.UnsafeError
	Volume           = api.Volume
)

// Constants of package api.
const (
	KeptAge = api.KeptAge

	LabelTarget   = api.LabelTarget
	LabelManifest = api.LabelManifest
	LabelProjects = api.LabelProjects
	LabelArch     = api.LabelArch
	LabelDigest   = api.LabelDigest
	LabelSuite    = api.LabelSuite
	LabelDate     = api.LabelDate
	LabelRest     = api.LabelRest
	LabelPackages = api.LabelPackages
	LabelDelta    = api.LabelDelta
	LabelDeltas   = api.LabelDeltas

	NetworkDefault = api.NetworkDefault
	NetworkNone    = api.NetworkNone
	NetworkHost    = api.NetworkHost
	NetworkBridge  = api.NetworkBridge

	PullMissing = api.PullMissing
	PullAlways  = api.PullAlways
	PullNever   = api.PullNever
	PullNewer   = api.PullNewer
)

// Errors of package api.
var (
	ErrNoImage  = api.ErrNoImage
	ErrNoUser   = api.ErrNoUser
	ErrTimeout  = api.ErrTimeout
	ErrNoEngine = api.ErrNoEngine
	ErrNotKept  = api.ErrNotKept
	ErrNoUpper  = api.ErrNoUpper
)

// Hint is api.Hint.
func Hint(err error) string { return api.Hint(err) }

// Status is api.Status.
func Status(err error) int { return api.Status(err) }

// WithTag is api.WithTag.
func WithTag(reference string) string { return api.WithTag(reference) }

// RunsOn is api.RunsOn.
func RunsOn(image Image, platform string) bool { return api.RunsOn(image, platform) }

// CacheVolume is api.CacheVolume.
func CacheVolume(id string) string { return api.CacheVolume(id) }
