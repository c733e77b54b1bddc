// SPDX-License-Identifier: GPL-2.0-or-later

package container

import "gitlab.com/lcitool/lcitool/container/internal/buildrisk"

// ContextSources gives the paths and patterns below the build context that a
// Dockerfile copies from, "." for all of it.
func ContextSources(dockerfile []byte, args map[string]string) ([]string, error) {
	return buildrisk.Sources(dockerfile, args)
}
