// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"math"

	"golang.org/x/sys/unix"
)

// HardLimit returns this process' hard limit of a resource such as
// unix.RLIMIT_NOFILE. A private service inherits it.
func HardLimit(resource int) uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(resource, &l); err != nil {
		return math.MaxUint64
	}
	return uint64(l.Max)
}
