// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

const (
	// DefaultPath is where a project's manifest is, below its directory.
	DefaultPath = "ci/manifest.yml"
	// MaxSize bounds a manifest, in bytes.
	MaxSize = 4 << 20
)
