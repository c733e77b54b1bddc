// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

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
