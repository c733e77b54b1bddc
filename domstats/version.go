// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"fmt"
	"strconv"
	"strings"
)

// A Version is a release as libvirt counts it: major*1000000 + minor*1000 +
// micro. QEMU releases are counted the same way. Zero is unknown.
type Version uint64

// MakeVersion builds a version from its three numbers.
func MakeVersion(major, minor, micro uint64) Version {
	return Version(major*1000000 + minor*1000 + micro)
}

// ParseVersion reads "11.3.0" or "9.4"; missing parts are 0.
func ParseVersion(s string) (Version, error) {
	parts := strings.Split(s, ".")
	if len(parts) > 3 {
		return 0, fmt.Errorf("cannot read %q as a version", s)
	}
	var n [3]uint64
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 32)
		if err != nil || i > 0 && v > 999 {
			return 0, fmt.Errorf("cannot read %q as a version", s)
		}
		n[i] = v
	}
	return MakeVersion(n[0], n[1], n[2]), nil
}

// String returns the three numbers with dots.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v/1000000, v/1000%1000, v%1000)
}
