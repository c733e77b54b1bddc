// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "strings"

// Kinds of jobs in a pipeline generated from a manifest.
const (
	Container = "container" // it builds an image
	Native    = "native"    // it builds for the machine it runs on
	Cross     = "cross"     // it builds for another architecture
	Cirrus    = "cirrus"    // it has another service build on a machine there
	Other     = "other"
)

// A Role is the purpose of a job in a pipeline generated from a manifest.
type Role struct {
	Kind   string // one of the constants above
	Target string // "debian-13", "" for Other
	Arch   string // "s390x", "" for Other
}

// Role derives a job's role from its variables and name.
func (j *Job) Role() Role {
	target, cross := j.variable("NAME"), j.variable("CROSS")
	switch {
	case target == "":
	case cross != "":
		return Role{Cross, target, cross}
	case j.variable("CIRRUS_VM_INSTANCE_TYPE") != "":
		return Role{Cirrus, target, archBefore(j.Base, target)}
	case strings.HasSuffix(j.Base, "-container"):
		if release, arch, ok := strings.Cut(target, "-cross-"); ok {
			return Role{Container, release, arch}
		}
		return Role{Container, target, archBefore(j.Base, target)}
	case j.variable("TARGET_BASE_IMAGE") != "" || isBuild(j.Base, target):
		return Role{Native, target, archBefore(j.Base, target)}
	}
	return Role{Kind: Other}
}

// variable returns the value of a variable, "" if the job does not have it.
func (j *Job) variable(name string) string {
	v, _ := j.Variables.Get(name)
	return v.Value
}

// isBuild reports whether name is that of a build job for the target in
// pipelines generated before 2024, which set only NAME: for example
// "x86_64-debian-12" or "x86_64-debian-12-clang-local-env".
func isBuild(name, target string) bool {
	rest, ok := strings.CutPrefix(name, archBefore(name, target)+"-"+target)
	return ok && (rest == "" || rest[0] == '-') && knownArch(archBefore(name, target))
}

func knownArch(name string) bool {
	switch name {
	case "aarch64", "armv6l", "armv7l", "i686", "mips", "mips64el", "mipsel", "ppc64le", "riscv64", "s390x", "x86_64":
		return true
	}
	return false
}

// archBefore returns "x86_64" for "x86_64-debian-13-asan". It also returns
// "x86_64" for names of another form.
func archBefore(name, target string) string {
	if arch, _, ok := strings.Cut(name, "-"+target); ok && arch != "" && !strings.ContainsAny(arch, " -") {
		return arch
	}
	return "x86_64"
}
