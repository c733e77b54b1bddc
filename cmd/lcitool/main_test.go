// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func gcPercent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// The first garbage collection is a late one, and those after it are not.
func TestCollectLater(t *testing.T) {
	standard := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(standard) })
	t.Setenv("GOGC", "50")
	if collectLater(); gcPercent() != 100 {
		t.Errorf("with GOGC: %d", gcPercent())
	}
	t.Setenv("GOGC", "")
	if collectLater(); gcPercent() != 400 {
		t.Errorf("before the first collection: %d", gcPercent())
	}
	for deadline := time.Now().Add(5 * time.Minute); gcPercent() != 100; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after the first collection: %d", gcPercent())
		}
		runtime.GC()
	}
}
