// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"bufio"
	"cmp"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// usualMemory is the memory that a task without a limit is assumed to need, in
// bytes: that of a linker in a large project.
const usualMemory = 2 << 30

// DefaultParallel returns how many tasks to run at a time, at least 1. available
// is the free memory in bytes, 0 if unknown; limit is the memory limit of each
// task, 0 for none. Tasks often wait for disk and network, hence two per core.
func DefaultParallel(cores int, available, limit int64) int {
	n := 2 * cores
	if limit <= 0 {
		limit = usualMemory
	}
	if available > 0 {
		n = min(n, int(min(available/limit, 1<<20)))
	}
	return max(1, n)
}

// Parallel returns asked, or DefaultParallel for this machine if asked is 0.
func Parallel(asked int, limit int64) int {
	return cmp.Or(asked, DefaultParallel(runtime.NumCPU(), availableMemory(), limit))
}

// availableMemory returns MemAvailable of /proc/meminfo in bytes, or 0 if it is
// unknown.
func availableMemory() int64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "MemAvailable:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}
