// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// foreignArches finds the emulators for programs of other architectures. They
// work in containers only with flag F of binfmt_misc, with which the kernel has
// opened the emulator.
func (m machine) foreignArches() Check {
	const name = "other architectures"
	files, _ := fs.Glob(m.root, "proc/sys/fs/binfmt_misc/qemu-*")
	var usable, unusable []string
	for _, file := range files {
		text := m.read(file)
		arch := strings.TrimPrefix(path.Base(file), "qemu-")
		switch {
		case !strings.HasPrefix(text, "enabled"):
		case fixed(text):
			usable = append(usable, arch)
		default:
			unusable = append(unusable, arch)
		}
	}
	switch {
	case len(unusable) > 0 && len(usable) == 0:
		return Check{name, Warn, "emulators that containers do not find: " + strings.Join(unusable, ", "), "install qemu-user-static (Debian), which registers them with flag F"}
	case len(usable) > 0:
		return Check{name, OK, strings.Join(usable, ", ") + ", emulated and slow", ""}
	}
	return Check{name, OK, "none; qemu-user-static emulates them", ""}
}

// fixed reports whether a binfmt_misc handler has flag F.
func fixed(text string) bool {
	return slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
		flags, ok := strings.CutPrefix(line, "flags: ")
		return ok && strings.Contains(flags, "F")
	})
}
