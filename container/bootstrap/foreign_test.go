// SPDX-License-Identifier: GPL-2.0-or-later

package bootstrap

import (
	"testing"
	"testing/fstest"
)

func TestEmulated(t *testing.T) {
	const good = "enabled\ninterpreter /usr/libexec/qemu-binfmt/arm-binfmt-P\nflags: POF\noffset 0\n"
	for name, c := range map[string]struct {
		file, text, arch string
		want             bool
	}{
		"aarch64":         {"qemu-aarch64", good, "aarch64", true},
		"armv7l":          {"qemu-arm", good, "armv7l", true},
		"another":         {"qemu-arm", good, "s390x", false},
		"switched off":    {"qemu-s390x", "disabled\nflags: POF\n", "s390x", false},
		"without flag F":  {"qemu-s390x", "enabled\ninterpreter /usr/bin/qemu-F\nflags: OC\n", "s390x", false},
		"without a word":  {"qemu-s390x", "", "s390x", false},
		"nothing at all":  {"register", "", "s390x", false},
		"no binfmt_misc":  {"../x", "", "s390x", false},
		"a part of it":    {"qemu-aarch64_be", good, "aarch64", false},
		"no architecture": {"qemu-aarch64", good, "", false},
	} {
		root := fstest.MapFS{"proc/sys/fs/binfmt_misc/" + c.file: {Data: []byte(c.text)}}
		if got := emulated(root, c.arch); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
