// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"fmt"
	"os"
	"path/filepath"
)

// linkCache makes the builder, whose TMPDIR is temp, keep cache mounts in dir:
// it looks for them in a directory of its TMPDIR, which would go with the build.
// podman 5 has the user's number in that directory's name.
func linkCache(temp, dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot keep a cache: %w", err)
	}
	for _, name := range []string{"buildah-cache", fmt.Sprintf("buildah-cache-%d", os.Getuid())} {
		if err := os.Symlink(dir, filepath.Join(temp, name)); err != nil {
			return fmt.Errorf("cannot keep a cache: %w", err)
		}
	}
	return nil
}
