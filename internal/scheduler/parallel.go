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

// usualMemory is what a workload without a limit is taken to need, in bytes:
// a linker of a large project.
const usualMemory = 2 << 30

// DefaultParallel says how many workloads to run at a time on a machine with
// so many cores and so much available memory, in bytes, 0 for not known.
// Workloads wait for disk and mirrors much of their time, hence two a core.
// limit is the memory that each may use, 0 for no limit. It is at least 1.
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

// Parallel is how many tasks to run at a time on this machine: so many as were
// asked for, or DefaultParallel for 0.
func Parallel(asked int, limit int64) int {
	return cmp.Or(asked, DefaultParallel(runtime.NumCPU(), availableMemory(), limit))
}

// availableMemory is what the kernel says can be used without swapping, in
// bytes, 0 if it does not say.
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
