// SPDX-License-Identifier: GPL-2.0-or-later

package parallel

import (
	"iter"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func TestShareGivesEachNumberOnce(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		var mu sync.Mutex
		var all []int
		calls := 0
		Share(n, func(numbers iter.Seq[int]) {
			mine := slices.Collect(numbers)
			mu.Lock()
			defer mu.Unlock()
			calls++
			if !slices.IsSorted(mine) {
				t.Errorf("the numbers %v are not in order", mine)
			}
			all = append(all, mine...)
		})
		slices.Sort(all)
		if len(all) != n || n > 0 && (all[0] != 0 || all[n-1] != n-1) || len(slices.Compact(all)) != n {
			t.Errorf("%d: got %v", n, all)
		}
		if limit := max(1, min(n, runtime.GOMAXPROCS(0))); calls > limit {
			t.Errorf("%d: %d calls, want at most %d", n, calls, limit)
		}
	}
}

// TestShareRunsAtTheSameTime has calls that wait for each other.
func TestShareRunsAtTheSameTime(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	var others sync.WaitGroup
	others.Add(3)
	Share(3, func(numbers iter.Seq[int]) {
		for range numbers {
			others.Done()
			others.Wait()
		}
	})
}

// TestShareStops has calls that leave their loop after one number.
func TestShareStops(t *testing.T) {
	var all sync.Map
	Share(1000, func(numbers iter.Seq[int]) {
		for i := range numbers {
			all.Store(i, true)
			break
		}
	})
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n == 0 || n > runtime.GOMAXPROCS(0) {
		t.Errorf("%d numbers, want one for each call", n)
	}
}
