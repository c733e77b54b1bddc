// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

const (
	// DefaultPath is the path of a project's manifest below its directory.
	DefaultPath = "ci/manifest.yml"
	// MaxSize limits the size of a manifest, in bytes.
	MaxSize = 4 << 20
)
