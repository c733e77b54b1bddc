// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"maps"
	"slices"
)

// An Arch is a processor architecture by its name in the Linux kernel, or
// "mingw32" or "mingw64" for Windows.
type Arch string

// archFacts are the names of an architecture elsewhere.
type archFacts struct {
	abi       string // GNU triplet
	deb       string // Debian's name; "" when Debian has none
	rust      string
	cpuFamily string // Meson's words; "" when no cross file is made
	cpu       string
	endian    string
}

var arches = map[Arch]archFacts{ //nolint:gochecknoglobals // a table that nothing writes to
	"aarch64":  {"aarch64-linux-gnu", "arm64", "aarch64-unknown-linux-gnu", "aarch64", "aarch64", "little"},
	"armv6l":   {"arm-linux-gnueabi", "armel", "armv5te-unknown-linux-gnueabi", "arm", "arm", "little"},
	"armv7l":   {"arm-linux-gnueabihf", "armhf", "armv7-unknown-linux-gnueabihf", "arm", "armhf", "little"},
	"i686":     {"i686-linux-gnu", "i386", "i686-unknown-linux-gnu", "x86", "i686", "little"},
	"mingw32":  {"i686-w64-mingw32", "", "i686-pc-windows-gnu", "", "", ""},
	"mingw64":  {"x86_64-w64-mingw32", "", "x86_64-pc-windows-gnu", "", "", ""},
	"mips":     {"mips-linux-gnu", "mips", "mips-unknown-linux-gnu", "mips", "mips", "big"},
	"mipsel":   {"mipsel-linux-gnu", "mipsel", "mipsel-unknown-linux-gnu", "mips", "mipsel", "little"},
	"mips64el": {"mips64el-linux-gnuabi64", "mips64el", "mips64el-unknown-linux-gnuabi64", "mips64", "mips64el", "little"},
	"ppc64le":  {"powerpc64le-linux-gnu", "ppc64el", "powerpc64le-unknown-linux-gnu", "ppc64", "powerpc64le", "little"},
	"riscv64":  {"riscv64-linux-gnu", "riscv64", "riscv64gc-unknown-linux-gnu", "riscv64", "riscv64", "little"},
	"s390x":    {"s390x-linux-gnu", "s390x", "s390x-unknown-linux-gnu", "s390x", "s390x", "big"},
	"x86_64":   {"x86_64-linux-gnu", "amd64", "x86_64-unknown-linux-gnu", "x86_64", "x86_64", "little"},
}

// Arches returns all architectures, sorted.
func Arches() []Arch { return slices.Sorted(maps.Keys(arches)) }

// Machines returns the architectures except those of Windows, sorted.
func Machines() []Arch { return slices.DeleteFunc(Arches(), Arch.IsWindows) }

// OtherNames returns the alternative names that ParseArch accepts: those of
// Debian and Go, and names of older processors.
func (a Arch) OtherNames() []string {
	var names []string
	if deb := a.Deb(); deb != "" && deb != string(a) {
		names = append(names, deb)
	}
	if a == "i686" {
		names = append(names, "386", "i486", "i586")
	}
	return names
}

// ParseArch returns the architecture called name. It accepts OtherNames: arm64
// is aarch64.
func ParseArch(name string) (Arch, error) {
	if _, ok := arches[Arch(name)]; ok {
		return Arch(name), nil
	}
	for arch := range arches {
		if slices.Contains(arch.OtherNames(), name) {
			return arch, nil
		}
	}
	return "", fmt.Errorf("Unsupported architecture %s", name) //nolint:staticcheck // the text is the one that users of the original match on
}

// ABI returns the GNU triplet, for example "aarch64-linux-gnu".
func (a Arch) ABI() string { return arches[a].abi }

// Deb returns Debian's name, "" if Debian does not have the architecture.
func (a Arch) Deb() string { return arches[a].deb }

// Go returns the GOARCH, which images use as well, or "".
func (a Arch) Go() string {
	switch a {
	case "aarch64":
		return "arm64"
	case "armv6l", "armv7l":
		return "arm"
	case "i686":
		return "386"
	case "mipsel":
		return "mipsle"
	case "mips64el":
		return "mips64le"
	case "x86_64":
		return "amd64"
	case "mips", "ppc64le", "riscv64", "s390x":
		return string(a)
	}
	return ""
}

// Platform returns the architecture as registries name it, or "".
func (a Arch) Platform() string {
	switch name := a.Go(); {
	case name == "":
		return ""
	case a == "armv6l":
		return "linux/arm/v6"
	case a == "armv7l":
		return "linux/arm/v7"
	default:
		return "linux/" + name
	}
}

func (a Arch) Rust() string { return arches[a].rust }

// MesonCPU returns the values of host_machine in a Meson cross file. ok is false
// if the distribution provides the cross file.
func (a Arch) MesonCPU() (family, cpu, endian string, ok bool) {
	f := arches[a]
	return f.cpuFamily, f.cpu, f.endian, f.cpuFamily != ""
}

// IsWindows reports whether the architecture stands for Windows.
func (a Arch) IsWindows() bool { return a == "mingw32" || a == "mingw64" }
