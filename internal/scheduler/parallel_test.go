// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import "testing"

func TestDefaultParallel(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		cores            int
		available, limit int64
		want             int
	}{
		{2, 24 * gib, 0, 4}, {8, 4 * gib, 0, 2}, {8, 4 * gib, gib, 4}, {1, gib, 0, 1},
		{0, 0, 0, 1}, {4, 0, 0, 8}, {4, -1, -1, 8}, {2, 1 << 62, 1, 4},
	} {
		if got := DefaultParallel(c.cores, c.available, c.limit); got != c.want {
			t.Errorf("%d cores, %d bytes, limit %d: %d, want %d", c.cores, c.available, c.limit, got, c.want)
		}
	}
}
