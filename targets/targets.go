// SPDX-License-Identifier: GPL-2.0-or-later

// Package targets resolves mappings to the packages of one distribution
// release.
//
// A Catalogue reads the facts of targets, Resolve finds the package that a
// mapping means on a Target, Select gathers those of whole projects.
package targets

import (
	"embed"
	"fmt"

	"gitlab.com/lcitool/lcitool/facts"
)

//go:embed *.yml
var embedded embed.FS

// BuiltIn is the layer of targets that comes with the program.
func BuiltIn() facts.Layer {
	return facts.Layer{Name: "targets", FS: embedded, Bundled: true, Proven: true}
}

// A Release is what is known of one release of a distribution.
type Release struct {
	Name       string // "debian-12", the name of its file
	OS         OS
	Packaging  Packaging
	Paths      Paths
	Containers *Containers // nil when no container image exists
	Cirrus     *Cirrus     // nil when Cirrus CI has no machine for it
	Mirror     *Mirror     // nil when there is no default

	Manager    PackageManager // of the distribution
	CrossLimit *CrossLimit    // of the distribution, nil when it cannot cross compile

	// Compilers lists the architectures that the release has packages of GCC
	// for, by the architecture of the build machine. nil means unknown.
	Compilers map[Arch][]Arch
}

// OS names a distribution as selectors do.
type OS struct {
	Name    string // "Debian"
	Version string // "12", "Sid", "Stream10"
	Stable  bool   // false for rolling and development releases
}

// Packaging is how packages get there.
type Packaging struct {
	Format  string   // apk, brew, deb, pkg or rpm
	Command string   // with its options: "dnf --quiet"
	Repos   []string // URLs to add
}

// Paths are absolute paths of programs on the target.
type Paths struct {
	Bash, CC, CCache, Make, Ninja, Pip3, Python, Sudoers string
}

// Containers are the facts of container images.
type Containers struct {
	Base string // image reference that Dockerfiles start from
}

// Cirrus are the facts that Cirrus CI needs to choose a machine.
type Cirrus struct {
	InstanceType, ImageSelector, ImageName string
	Arch                                   Arch // the only one it has
}

// A Target is a release together with the machines it builds on and for.
type Target struct {
	Release
	Host  Arch // of the build machine
	Cross Arch // built for; "" for the host itself
}

// Error says in which target something is wrong.
type Error struct {
	Target string
	Err    error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// For makes a Target of the release, for which cross may be "". The error is
// a *CrossError when the release cannot build for cross.
func (r *Release) For(host, cross Arch) (Target, error) {
	t := Target{Release: *r, Host: host, Cross: cross}
	if cross == "" {
		return t, nil
	}
	return t, t.checkCross()
}

// selectors lists the selectors without a prefix, most specific first.
func (r *Release) selectors() []string {
	return []string{r.OS.Name + r.OS.Version, r.OS.Name, r.Packaging.Format, "default"}
}

// String names the target as errors do.
func (t Target) String() string {
	if t.Cross == "" {
		return t.Name
	}
	return fmt.Sprintf("%s (cross_arch=%s)", t.Name, t.Cross)
}
