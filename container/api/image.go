// SPDX-License-Identifier: GPL-2.0-or-later

package api

import (
	"strings"
	"time"
)

// Labels of lcitool's images. The caller sets them, except for LabelDigest and
// those of deltas, which Build computes.
const (
	LabelTarget   = "lcitool.target"
	LabelManifest = "lcitool.manifest" // SHA-256 of the manifest that asked for it, in hex
	LabelProjects = "lcitool.projects"
	LabelArch     = "lcitool.arch"
	LabelDigest   = "lcitool.digest"
	LabelSuite    = "lcitool.suite"
	LabelDate     = "lcitool.date"
	LabelRest     = "lcitool.rest"     // SHA-256 of the input without its packages, in hex
	LabelPackages = "lcitool.packages" // packages in the input, sorted, separated by spaces
	LabelDelta    = "lcitool.delta"    // ID of the image below the delta
	LabelDeltas   = "lcitool.deltas"   // number of deltas in the image, 1 to 5
)

// An Image describes an image in the engine's store.
type Image struct {
	ID           string            `json:"id"`      // 64 hex digits
	Digest       string            `json:"digest"`  // of the manifest, sha256:…
	Tags         []string          `json:"tags"`    // whole names, in the engine's order
	Labels       map[string]string `json:"labels"`  // may be nil
	Architecture string            `json:"arch"`    // GOARCH, such as amd64
	User         string            `json:"user"`    // default user, empty for root
	Env          []string          `json:"env"`     // NAME=VALUE
	Entrypoint   []string          `json:"-"`       // nil for none
	Command      []string          `json:"-"`       // nil for none
	Ports        []int             `json:"-"`       // exposed TCP ports, sorted
	Size         int64             `json:"size"`    // bytes
	Created      time.Time         `json:"created"` // zero if unknown
	Layers       []string          `json:"layers"`  // diff IDs, lowest layer first
	WorkDir      string            `json:"-"`       // empty for /
}

// RemoveOptions says which image to remove.
type RemoveOptions struct {
	Image string // reference or ID
	Force bool   // also remove containers made from it
}

// ImportOptions describe an image with one layer.
type ImportOptions struct {
	Reference string            // its name
	Command   string            // program that its containers run
	Labels    map[string]string // values without blanks
	Arch      string            // Go's name; empty means the engine's own
}

// SplitPlatform parses OS/ARCH/VARIANT or ARCH.
func SplitPlatform(platform string) (system, arch, variant string) {
	system, rest, ok := strings.Cut(platform, "/")
	if !ok {
		return "linux", platform, ""
	}
	arch, variant, _ = strings.Cut(rest, "/")
	return system, arch, variant
}

// RunsOn reports whether an image is for a platform. "" matches any image.
func RunsOn(image Image, platform string) bool {
	_, arch, _ := SplitPlatform(platform)
	return platform == "" || image.Architecture == arch
}

// WithTag appends ":latest" to a reference without tag and digest. A colon
// before the last slash belongs to a registry's port.
func WithTag(reference string) string {
	last := reference[strings.LastIndexByte(reference, '/')+1:]
	if strings.ContainsAny(last, ":@") {
		return reference
	}
	return reference + ":latest"
}
