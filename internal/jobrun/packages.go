// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"strings"
)

const packagesList = "/packages.txt"

// packagesCopy is a copy of packagesList, followed by the line packagesEnd. podman
// starts a process for each file that is read from the image's own files.
const (
	packagesCopy = stateDir + "/packages"
	packagesEnd  = "end of packages"
)

func copyPackages() string {
	return `[ -e ` + packagesCopy + ` ] || { { [ ! -f ` + packagesList + ` ] || cat ` + packagesList + `; } && echo "` + packagesEnd + `"; } 2> /dev/null > ` + packagesCopy
}

// packages returns the lines of the image's list of packages, nil if it has none.
func packages(ctx context.Context, c Container) []string {
	if root, err := c.Mounted(stateDir); err == nil {
		root.Close()
		text, err := readFile(ctx, c, packagesCopy, maxPackages)
		if list, whole := strings.CutSuffix(text, packagesEnd+"\n"); err == nil && whole {
			return nonEmptyLines(list)
		}
	}
	text, err := readFile(ctx, c, packagesList, maxPackages)
	if err != nil {
		return nil
	}
	return nonEmptyLines(text)
}
