// SPDX-License-Identifier: GPL-2.0-or-later

package scratch

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Abandoned returns the directories that Sweep would remove from parent, which
// need not exist.
func Abandoned(parent string) []string {
	guard, err := lockDir(parent, 0)
	if err != nil {
		return nil
	}
	defer guard.Close()
	entries, _ := os.ReadDir(parent) // the entries read before an error
	var list []string
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		if !strings.HasPrefix(e.Name(), prefix) || IsKept(dir) || isElsewhere(dir) {
			continue
		}
		if lock, err := lockDir(dir, syscall.LOCK_NB); err == nil {
			list = append(list, dir)
			_ = lock.Close()
		}
	}
	return list
}
