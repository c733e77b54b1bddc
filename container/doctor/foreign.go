// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// foreignArches looks for emulators that the kernel runs programs of other
// architectures with. A container finds its emulator only if the kernel has
// opened it beforehand, which flag F says.
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

// fixed looks for flag F in what the kernel says of a handler.
func fixed(text string) bool {
	return slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
		flags, ok := strings.CutPrefix(line, "flags: ")
		return ok && strings.Contains(flags, "F")
	})
}
