// SPDX-License-Identifier: GPL-2.0-or-later

package main

import "gitlab.com/lcitool/lcitool/internal/safefs"

// readManifest returns the usual manifest of a tree.
func readManifest(tree string) ([]byte, error) {
	return safefs.ReadFileIn(tree, defaultManifest, maxManifest)
}
