// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import "testing"

func TestParseArch(t *testing.T) {
	for name, want := range map[string]Arch{
		"x86_64": "x86_64", "amd64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64", "armhf": "armv7l", "armel": "armv6l",
		"i386": "i686", "386": "i686", "i586": "i686", "ppc64el": "ppc64le", "s390x": "s390x", "mingw64": "mingw64",
		"": "", "vax": "", "AMD64": "", "x86-64": "", " amd64": "",
	} {
		if got, err := ParseArch(name); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestPlatforms(t *testing.T) {
	for arch, want := range map[Arch]string{
		"x86_64": "linux/amd64", "aarch64": "linux/arm64", "armv7l": "linux/arm/v7", "armv6l": "linux/arm/v6", "i686": "linux/386",
		"s390x": "linux/s390x", "ppc64le": "linux/ppc64le", "mips64el": "linux/mips64le", "mingw64": "", "vax": "",
	} {
		if got := arch.Platform(); got != want {
			t.Errorf("%s: got %q, want %q", arch, got, want)
		}
	}
}

func TestNamesOfArchesDiffer(t *testing.T) {
	seen := map[string]Arch{}
	for _, arch := range Arches() {
		for _, name := range append(arch.OtherNames(), string(arch)) {
			if other, ok := seen[name]; ok {
				t.Errorf("%s is %s and %s", name, other, arch)
			}
			seen[name] = arch
		}
	}
}
