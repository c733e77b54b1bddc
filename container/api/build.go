// SPDX-License-Identifier: GPL-2.0-or-later

package api

import (
	"io"
	"time"
)

// PullPolicy says when to ask the registry for the base image.
type PullPolicy int

// Pull policies. The zero value pulls missing images.
const (
	PullMissing PullPolicy = iota
	PullAlways
	PullNever
	PullNewer // newer than the local image; uses that one if the registry does not answer
)

// BuildOptions describes an image to build.
type BuildOptions struct {
	Tag         string            // moved to the new image only after success
	Dockerfile  []byte            // whole text; without Context, the build context contains nothing else
	File        string            // path of the Dockerfile in errors; "" for Dockerfile
	Recipe      []byte            // sent instead of Dockerfile; must build the same image, for example with cache mounts; nil to send Dockerfile
	CacheDir    string            // host directory for cache mounts that persist, created if needed; "" for the service's own
	Labels      map[string]string // labels of the image; part of the input digest
	ExtraLabels map[string]string // further labels of the image, not part of the input digest
	Args        map[string]string // ARG values
	Context     BuildContext      // files that the Dockerfile copies
	Network     Network           // of RUN steps; the zero value is a private network
	Pull        PullPolicy        // of the base image; PullAlways also builds if nothing changed
	Platform    string            // such as linux/arm64, emulated if needed; "" for the engine's own
	Offline     bool              // no network for RUN steps; not part of the input digest
	Force       bool              // build even if the input digest is unchanged
	NoCache     bool              // run all steps again; implies Force
	AllowUnsafe bool              // build instructions that this builder lets access the host; those that no builder confines are still refused
	Delta       *Delta            // how to add packages to an older image; nil if that is not possible
	Exact       bool              // do not add packages to an older image, and do not reuse an image made that way
	Lifetime    Lifetime          // until when the image stays
	Log         io.Writer         // the build's output; nil discards it
}

// A Lifetime says when Prune removes an image.
type Lifetime string

const (
	UntilRemoved Lifetime = ""      // never
	UntilExit    Lifetime = "exit"  // when the process that built it has ended
	UntilCleared Lifetime = "cache" // when that process has ended and PruneOptions.Caches is set
)

// A BuildContext contains the files that a Dockerfile copies. The zero value is
// empty.
type BuildContext struct {
	Write  func(dir string) error // puts the files into an empty directory; nil for none
	Digest string                 // of the files; part of the input digest
}

// A BuildResult describes an image that exists under its tag.
type BuildResult struct {
	ID       string        // 64 hex digits
	Cached   bool          // the input digest matched and no build was started
	Replaced string        // ID of the image that had the tag before; empty if none or the same
	Delta    string        // ID of the image it was made on top of; empty if made as a whole or Cached
	Added    []string      // packages that the delta adds, sorted
	Duration time.Duration // wall clock

	Deltas int // number of deltas in the image
}

// A Delta says how to build an image by adding packages to an older one.
type Delta struct {
	Rest     []byte   // all that the image is made from, but without Packages
	Packages []string // sorted by byte; none has a blank in it
	// Layer returns the instructions that add packages. They must fail rather
	// than remove packages.
	Layer func(added []string) ([]byte, error)
}
