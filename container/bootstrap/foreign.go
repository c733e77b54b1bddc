// SPDX-License-Identifier: GPL-2.0-or-later

package bootstrap

import (
	"bytes"
	"io/fs"
)

// emulated reports whether the kernel runs programs of an architecture with an
// emulator from outside the new root file system. That requires flag F of
// binfmt_misc, with which the kernel has already opened the emulator.
func emulated(root fs.FS, kernel string) bool {
	text, err := fs.ReadFile(root, "proc/sys/fs/binfmt_misc/qemu-"+emulator(kernel))
	if err != nil || !bytes.HasPrefix(text, []byte("enabled")) {
		return false
	}
	for line := range bytes.Lines(text) {
		if flags, ok := bytes.CutPrefix(line, []byte("flags: ")); ok {
			return bytes.Contains(flags, []byte("F"))
		}
	}
	return false
}

// emulator returns QEMU's name of an architecture.
func emulator(kernel string) string {
	switch kernel {
	case "armv6l", "armv7l":
		return "arm"
	case "i686":
		return "i386"
	}
	return kernel
}
