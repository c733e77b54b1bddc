// SPDX-License-Identifier: GPL-2.0-or-later

// Package targets resolves mappings to the packages of a distribution release.
//
// A Catalogue reads the facts of targets, Resolve returns the package of a
// mapping on a Target, and Select those of whole projects.
package targets

import (
	"embed"
	"fmt"

	"gitlab.com/lcitool/lcitool/facts"
)

//go:embed *.yml
var embedded embed.FS

// BuiltIn returns the built-in layer of targets.
func BuiltIn() facts.Layer {
	return facts.Layer{Name: "targets", FS: embedded, Bundled: true, Proven: true}
}

// A Release contains the facts of a distribution release.
type Release struct {
	Name       string // "debian-12", the name of its file
	OS         OS
	Packaging  Packaging
	Paths      Paths
	Containers *Containers // nil if there is no container image
	Cirrus     *Cirrus     // nil if Cirrus CI has no machine for it
	Mirror     *Mirror     // nil if there is no default

	Manager    PackageManager // of the distribution
	CrossLimit *CrossLimit    // of the distribution; nil if it cannot cross compile

	// Compilers lists the architectures for which the release has GCC packages,
	// by the architecture of the build machine. nil means unknown.
	Compilers map[Arch][]Arch
}

// OS is a distribution as in selectors.
type OS struct {
	Name    string // "Debian"
	Version string // "12", "Sid", "Stream10"
	Stable  bool   // false for rolling and development releases
}

// Packaging describes the package manager.
type Packaging struct {
	Format  string   // apk, brew, deb, pkg or rpm
	Command string   // with its options: "dnf --quiet"
	Repos   []string // URLs to add
}

type Paths struct {
	Bash, CC, CCache, Make, Ninja, Pip3, Python, Sudoers string
}

// Containers are facts about container images.
type Containers struct {
	Base string // image reference that Dockerfiles start from
}

// Cirrus are facts for choosing a machine of Cirrus CI.
type Cirrus struct {
	InstanceType, ImageSelector, ImageName string
	Arch                                   Arch // the only one it has
}

// A Target is a release with the architectures that it builds on and for.
type Target struct {
	Release
	Host  Arch // of the build machine
	Cross Arch // built for; "" for the host itself
}

// Error adds the target to an error.
type Error struct {
	Target string
	Err    error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// For returns a Target of the release. cross may be "". The error is a
// *CrossError if the release cannot build for cross.
func (r *Release) For(host, cross Arch) (Target, error) {
	t := Target{Release: *r, Host: host, Cross: cross}
	if cross == "" {
		return t, nil
	}
	return t, t.checkCross()
}

// selectors returns the selectors without a prefix, most specific first.
func (r *Release) selectors() []string {
	return []string{r.OS.Name + r.OS.Version, r.OS.Name, r.Packaging.Format, "default"}
}

// String returns the target's name in errors.
func (t Target) String() string {
	if t.Cross == "" {
		return t.Name
	}
	return fmt.Sprintf("%s (cross_arch=%s)", t.Name, t.Cross)
}
