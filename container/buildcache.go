// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"fmt"
	"os"
	"path/filepath"
)

// linkCache makes the builder keep cache mounts in dir. The builder, whose
// TMPDIR is temp, keeps them in a subdirectory of TMPDIR, which is removed after
// the build. Since podman 5, the name of that subdirectory contains the UID.
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
