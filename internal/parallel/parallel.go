// SPDX-License-Identifier: GPL-2.0-or-later

// Package parallel distributes work to all processors.
package parallel

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// Share distributes the numbers below n to at most GOMAXPROCS calls of work, which
// run at the same time, and returns after the last one. Each number goes to one call,
// in ascending order. What a call allocates before its loop serves many numbers, and
// so does its stack, unlike with a goroutine for each number.
func Share(n int, work func(numbers iter.Seq[int])) {
	var next atomic.Int64
	numbers := func(yield func(int) bool) {
		for i := int(next.Add(1)) - 1; i < n && yield(i); i = int(next.Add(1)) - 1 {
		}
	}
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		group.Go(func() { work(numbers) })
	}
	work(numbers)
	group.Wait()
}
