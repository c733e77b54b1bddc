// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// unmountBelow unmounts all file systems at and below dir. It fails if one stays
// mounted, because the directory must not be removed then.
func unmountBelow(dir string) error {
	mounts, err := mountsBelow(dir)
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(mounts) {
		_ = unix.Unmount(m, unix.MNT_DETACH)
	}
	if mounts, err = mountsBelow(dir); err != nil || len(mounts) > 0 {
		return errors.Join(err, fmt.Errorf("still mounted: %s", strings.Join(mounts, ", ")))
	}
	return nil
}

func mountsBelow(dir string) ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return mountsIn(string(data), dir), nil
}
