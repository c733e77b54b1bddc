// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "strings"

// Kinds of job, as pipelines made from a manifest have them.
const (
	Container = "container" // it builds an image
	Native    = "native"    // it builds for the machine it runs on
	Cross     = "cross"     // it builds for another architecture
	Cirrus    = "cirrus"    // it has another service build on a machine there
	Other     = "other"
)

// A Role is what a job is for in a pipeline made from a manifest.
type Role struct {
	Kind   string // one of the constants above
	Target string // "debian-13", "" for Other
	Arch   string // "s390x", "" for Other
}

// Role tells from a job's variables and name what it is for.
func (j *Job) Role() Role {
	vars := map[string]string{}
	for _, v := range j.Variables {
		vars[v.Name] = v.Value
	}
	target, cross := vars["NAME"], vars["CROSS"]
	switch {
	case target == "":
	case cross != "":
		return Role{Cross, target, cross}
	case vars["CIRRUS_VM_INSTANCE_TYPE"] != "":
		return Role{Cirrus, target, archBefore(j.Base, target)}
	case strings.HasSuffix(j.Base, "-container"):
		if release, arch, ok := strings.Cut(target, "-cross-"); ok {
			return Role{Container, release, arch}
		}
		return Role{Container, target, archBefore(j.Base, target)}
	case vars["TARGET_BASE_IMAGE"] != "" || isBuild(j.Base, target):
		return Role{Native, target, archBefore(j.Base, target)}
	}
	return Role{Kind: Other}
}

// isBuild reports whether a job has the name of a build on the target, as in
// trees made before 2024, which set nothing but NAME: "x86_64-debian-12",
// "x86_64-debian-12-clang-local-env".
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

// archBefore gives "x86_64" of "x86_64-debian-13-asan", x86_64 for names that
// are made otherwise.
func archBefore(name, target string) string {
	if arch, _, ok := strings.Cut(name, "-"+target); ok && arch != "" && !strings.ContainsAny(arch, " -") {
		return arch
	}
	return "x86_64"
}
