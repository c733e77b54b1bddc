// SPDX-License-Identifier: GPL-2.0-or-later

package container

import "gitlab.com/lcitool/lcitool/container/internal/buildrisk"

// ContextSources returns the paths and patterns in the build context that a
// Dockerfile copies, "." for the whole context.
func ContextSources(dockerfile []byte, args map[string]string) ([]string, error) {
	return buildrisk.Sources(dockerfile, args)
}
