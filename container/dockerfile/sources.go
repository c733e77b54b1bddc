// SPDX-License-Identifier: GPL-2.0-or-later

// Package dockerfile finds what a Dockerfile copies from its build context.
package dockerfile

import "gitlab.com/lcitool/lcitool/container/internal/buildrisk"

// Sources returns the paths and patterns in the build context that a Dockerfile
// copies, "." for the whole context.
func Sources(dockerfile []byte, args map[string]string) ([]string, error) {
	return buildrisk.Sources(dockerfile, args)
}
