// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"fmt"
	"strings"
)

// Limits of names in archives.
const (
	maxName  = 4096 // bytes, the kernel's PATH_MAX
	maxDepth = 200  // directories in each other
)

// CheckLink returns an error unless a symbolic link in an archive stays inside
// the directory that is unpacked into. name is relative to that directory. A
// target may contain ".." only at its beginning and not lead above the
// directory. This is sufficient if no entry is unpacked through a symbolic link:
// then each link is where its name says, and the links that it leads through
// obey the same rule.
func CheckLink(name, target string) error {
	switch {
	case target == "" || strings.HasPrefix(target, "/"):
		return fmt.Errorf("it is a link to %q, which is outside", target)
	case len(target) > maxName || strings.ContainsRune(target, 0):
		return fmt.Errorf("it is a link to a name that is too long")
	}
	up, down := 0, false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if up++; down || up > strings.Count(name, "/") {
				return fmt.Errorf("it is a link to %q, which is or may come to be outside", target)
			}
		default:
			down = true
		}
	}
	return nil
}

// CheckName returns an error unless an entry's name stays below the directory
// that is unpacked into.
func CheckName(name string) error {
	switch {
	case name == "" || strings.HasPrefix(name, "/"):
		return fmt.Errorf("its name is absolute or empty")
	case len(name) > maxName || strings.Count(name, "/") > maxDepth:
		return fmt.Errorf("its name is too long")
	case strings.ContainsRune(name, 0):
		return fmt.Errorf("its name has a zero byte")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return fmt.Errorf(`its name has ".."`)
		}
	}
	return nil
}
