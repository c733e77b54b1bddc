// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"slices"

	"gitlab.com/lcitool/lcitool/domstats"
)

// A repeated call must leave no memory behind in the daemon. A round has so many calls
// that 32 bytes, the least that an allocation takes, would show if each record or vCPU
// left them behind.
type repeated struct {
	what  string
	calls int
	ask   func()
}

// conLeaks makes calls and looks at the daemon's process.
func conLeaks(t *T) {
	g, plain := t.full(), t.small(true, cores(16, 16))
	// What leaks for each thread is small: there are enough of them to show.
	for id := uint32(20); id < 36; id++ {
		t.must(t.conn.AddIOThread(t.ctx, g.Domain, id), "add IOThread %d", id)
	}
	p, err := t.host().Daemon(t.ctx)
	t.must(err, "find the daemon's process")
	t.silent = true
	list := func(n int, groups domstats.Group) func() {
		domains := slices.Repeat([]domstats.Domain{plain.Domain}, n)
		return func() {
			records, err := t.conn.Stats(t.ctx, domains, groups, 0)
			t.must(err, "ask for statistics of a list")
			equal(t, "the number of records", len(records), n)
		}
	}
	refused := slices.Repeat([]domstats.Domain{plain.Domain}, 1000)
	// Memory that a large reply or list needed once hides small leaks: those come first.
	t.growsNot(p,
		repeated{"records without IOThreads in lists of 64", 256, list(64, domstats.GroupIOThread)},
		repeated{"refused calls for a list of 1000 domains", 60, func() {
			_, err := t.conn.Stats(t.ctx, refused, bogusGroup, enforce)
			t.wantCode(err, domstats.CodeArgUnsupported, "0x800", "ENFORCE of group 0x800")
		}},
		repeated{"records of 16 vCPUs in lists of 50", 14, list(50, domstats.GroupVCPU)},
		repeated{"calls for all groups", 200, func() { g.recordFlags(everything, domstats.FlagBacking) }})
}

// growsNot repeats each call until a round of it leaves the daemon as large as it was. The
// first rounds take memory that later ones use again, or use what is free; other threads
// take some now and then: only growth in each of the later rounds is a leak.
func (t *T) growsNot(p Process, kinds ...repeated) {
	const warm, most, band = 2, 6, 200
	files := t.descriptors(p)
	for _, k := range kinds {
		var course []int64
		for round := range most {
			before := t.private(p)
			for range k.calls {
				k.ask()
			}
			course = append(course, int64(t.private(p))-int64(before))
			if round >= warm && course[round] <= band {
				break
			}
		}
		t.check(course[len(course)-1] <= band, "the daemon takes more memory in each round of %d %s, by %d KiB", k.calls, k.what, course)
		t.notef("the daemon's memory grows by %d KiB in rounds of %d %s", course, k.calls, k.what)
	}
	// Threads and timers of the daemon itself come and go.
	after := t.descriptors(p)
	t.check(after <= files+20, "the daemon had %d open descriptors before all these calls and has %d after them", files, after)
}

func (t *T) descriptors(p Process) int {
	n, err := p.Descriptors()
	t.must(err, "count the daemon's descriptors")
	return n
}

func (t *T) private(p Process) uint64 {
	kib, err := p.Private()
	t.must(err, "read the daemon's memory")
	return kib
}
