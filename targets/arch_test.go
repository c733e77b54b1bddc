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

// A name stands for one architecture.
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
