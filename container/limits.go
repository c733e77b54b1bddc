// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	spec "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

const (
	// maxFiles is small because programs that close all descriptors get slow
	// with the huge default of some engines.
	maxFiles = 1024
	// maxProcsAway is for services whose machine we cannot look at.
	maxProcsAway = 4096
)

// limits returns the numbers of open files and processes that every container
// and build step gets. Both are always said: podman's own default of either is
// refused where the service may not raise its limits.
func limits(local bool) (files, procs uint64) {
	if !local {
		return maxFiles, maxProcsAway
	}
	pidMax, _ := os.ReadFile("/proc/sys/kernel/pid_max")
	return min(maxFiles, hardLimit(unix.RLIMIT_NOFILE)), safeProcs(hardLimit(unix.RLIMIT_NPROC), string(pidMax))
}

func hardLimit(resource int) uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(resource, &l); err != nil {
		return math.MaxUint64
	}
	return l.Max
}

// safeProcs is the most that podman accepts: it lowers what is above pid_max
// and the runtime refuses what is above the hard limit.
func safeProcs(hard uint64, pidMax string) uint64 {
	most, err := strconv.ParseUint(strings.TrimSpace(pidMax), 10, 64)
	if err != nil || most == 0 {
		most = 32768
	}
	return min(hard, most)
}

func rlimits(local bool) []spec.POSIXRlimit {
	files, procs := limits(local)
	return []spec.POSIXRlimit{{Type: "nofile", Hard: files, Soft: files}, {Type: "nproc", Hard: procs, Soft: procs}}
}

func ulimits(local bool) []string {
	files, procs := limits(local)
	return []string{fmt.Sprintf("nofile=%d:%d", files, files), fmt.Sprintf("nproc=%d:%d", procs, procs)}
}
