// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

const fullKiB = 65536 // memory of the scripted guest

func balloonCases() []Case {
	q, x := require(NeedQEMU), require(NeedQEMU, NeedX86, NeedFiles)
	return []Case{
		{ID: "BAL-01", Title: "no driver in the guest", Needs: q, run: balNoDriver},
		{ID: "BAL-02", Title: "a target that is not acknowledged", Needs: q, run: balNoAck},
		{ID: "BAL-03", Title: "a target that is acknowledged", Needs: x, run: balAck},
		{ID: "BAL-04", Title: "a target above the maximum", Needs: q, run: balTooMuch},
		{ID: "BAL-05", Title: "the guest's statistics are exact", Needs: x, run: balExact},
		{ID: "BAL-06", Title: "the guest's statistics beside QEMU's", Needs: x, run: balCross},
		{ID: "BAL-07", Title: "the time of the last update", Needs: x, Idle: true, run: balUpdate},
		{ID: "BAL-08", Title: "no device", Needs: q, run: balNoDevice},
		{ID: "BAL-09", Title: "less than the maximum at start", Needs: x, run: balStart},
		{ID: "BAL-10", Title: "values that libvirt does not map", Needs: x, run: balUnmapped},
		{ID: "BAL-11", Title: "resident memory", Needs: require(NeedQEMU, NeedPID), run: balRSS},
		{ID: "BAL-12", Title: "an inactive domain", Needs: q, run: balInactive},
	}
}

// guestStat ties a parameter to the key under which the balloon device has
// it, what it is divided by, and what the scripted guest tells.
type guestStat struct {
	name, key string
	unit      uint64
	told      uint64
}

// guestStats differ from each other, take more than 32 bits, and are no multiple of
// their unit in bytes, so that rounding shows.
func guestStats() []guestStat {
	return []guestStat{
		{"balloon.swap_in", "stat-swap-in", 1024, 5_000_000_011},
		{"balloon.swap_out", "stat-swap-out", 1024, 5_000_000_022},
		{"balloon.major_fault", "stat-major-faults", 1, 5_000_003_000},
		{"balloon.minor_fault", "stat-minor-faults", 1, 5_000_004_000},
		{"balloon.unused", "stat-free-memory", 1024, 5_000_000_055},
		{"balloon.available", "stat-total-memory", 1024, 5_000_000_066},
		{"balloon.usable", "stat-available-memory", 1024, 5_000_000_077},
		{"balloon.disk_caches", "stat-disk-caches", 1024, 5_000_000_088},
		{"balloon.hugetlb_pgalloc", "stat-htlb-pgalloc", 1, 5_000_000_009},
		{"balloon.hugetlb_pgfail", "stat-htlb-pgfail", 1, 5_000_000_010},
	}
}

func (g *Guest) balloon() domstats.Record { return g.record(domstats.GroupBalloon) }

func balNoDriver(t *T) {
	g := t.small(false)
	r := g.balloon()
	t.wantNames(r, "", "balloon.current", "balloon.maximum", "balloon.last-update", "balloon.rss")
	t.want(r, map[string]uint64{"balloon.current": 16384, "balloon.maximum": 16384, "balloon.last-update": 0})
	t.check(t.uint(r, "balloon.rss") > 0, "balloon.rss is 0")
}

func (g *Guest) target(kib uint64) {
	g.t.must(g.t.conn.SetMemory(g.t.ctx, g.Domain, kib), "set the memory to %d KiB", kib)
}

func balNoAck(t *T) {
	g := t.small(false)
	g.target(12288)
	t.want(g.balloon(), map[string]uint64{"balloon.current": 16384, "balloon.maximum": 16384})
}

func balAck(t *T) {
	g := t.disk()
	g.balloon()
	for _, kib := range []uint64{49152, fullKiB} {
		g.target(kib)
		g.do("b")
		t.eventually(5*time.Second, func() bool { return t.uint(g.balloon(), "balloon.current") == kib })
		t.want(g.balloon(), map[string]uint64{"balloon.current": kib, "balloon.maximum": fullKiB})
		actual, err := qmp.Balloon(t.ctx, g)
		t.must(err, "ask QEMU for the balloon")
		equal(t, "QEMU's balloon", actual, kib*1024)
	}
}

func balTooMuch(t *T) {
	g := t.small(false)
	err := t.conn.SetMemory(t.ctx, g.Domain, 2*16384)
	t.check(domstats.ErrorCode(err) != 0, "a target above the maximum gives: %v", err)
	t.want(g.balloon(), map[string]uint64{"balloon.current": 16384, "balloon.maximum": 16384})
}

// tell makes the guest send its statistics and waits for them to arrive.
func (g *Guest) tell() domstats.Record {
	g.do("S")
	var r domstats.Record
	g.t.until(5*time.Second, "the guest's statistics arrive", func() bool {
		r = g.balloon()
		return r.Has("balloon.swap_in")
	})
	return r
}

// balExact has the guest tell its statistics twice, with a 0 the second time: that is a value.
func balExact(t *T) {
	g := t.disk()
	r := g.tell()
	for _, s := range guestStats() {
		t.want(r, map[string]uint64{s.name: s.told})
	}
	t.check(r.Has("balloon.rss"), "balloon.rss is missing beside all that the guest told")
	const zero = "balloon.hugetlb_pgfail"
	names := r.Names("")
	g.do("S")
	t.eventually(5*time.Second, func() bool {
		r = g.balloon()
		v, there := r.Uint(zero)
		return !there || v == 0
	})
	t.wantNames(r, "", names...)
	for _, s := range guestStats() {
		if s.name == zero {
			s.told = 0
		}
		t.want(r, map[string]uint64{s.name: s.told})
	}
}

func balCross(t *T) {
	g := t.disk()
	path := g.balloonPath()
	// The first round is without any, the second with all of them.
	for round, r := range []func() domstats.Record{g.balloon, g.tell} {
		rec := r()
		stats, err := qmp.BalloonStats(t.ctx, g, path)
		t.must(err, "ask QEMU for the guest's statistics")
		for _, s := range guestStats() {
			v, offered := stats.Stats[s.key]
			if !offered || v == 1<<64-1 {
				t.check(!rec.Has(s.name), "round %d: %s is reported though the guest did not send it", round, s.name)
				continue
			}
			equal(t, s.name, t.uint(rec, s.name), v/s.unit)
		}
		equal(t, "balloon.last-update", t.uint(rec, "balloon.last-update"), stats.LastUpdate)
	}
}

func balUpdate(t *T) {
	g := t.disk()
	told := time.Now()
	near := func(r domstats.Record) uint64 {
		at, now := t.uint(r, "balloon.last-update"), time.Now()
		t.check(at+2 >= uint64(told.Unix()) && at <= uint64(now.Unix()), "balloon.last-update is %d, the guest told at %d or later, now is %d", at, told.Unix(), now.Unix())
		return at
	}
	first := near(g.tell())
	t.until(10*time.Second, "a later update shows", func() bool {
		told = time.Now()
		g.do("S")
		return t.uint(g.balloon(), "balloon.last-update") >= first+2
	})
	near(g.balloon())
}

func balNoDevice(t *T) {
	g := t.small(false, func(s *guest.Spec) { s.NoBalloon = true })
	r := g.balloon()
	t.wantNames(r, "", "balloon.current", "balloon.maximum", "balloon.rss")
	t.want(r, map[string]uint64{"balloon.current": 16384, "balloon.maximum": 16384})
}

func balStart(t *T) {
	g := t.disk(func(s *guest.Spec) { s.CurrentKiB = 32768 })
	t.want(g.balloon(), map[string]uint64{"balloon.current": fullKiB})
	g.do("b")
	t.eventually(5*time.Second, func() bool { return t.uint(g.balloon(), "balloon.current") == 32768 })
	t.want(g.balloon(), map[string]uint64{"balloon.current": 32768, "balloon.maximum": fullKiB})
}

func balUnmapped(t *T) {
	g := t.disk()
	g.tell()
	stats, err := qmp.BalloonStats(t.ctx, g, g.balloonPath())
	t.must(err, "ask QEMU for the guest's statistics")
	mapped := map[string]bool{}
	for _, s := range guestStats() {
		mapped[s.key] = true
	}
	listed := map[string]bool{}
	for _, row := range domstats.FixedCoverage() {
		listed[row.Name] = row.Reason == domstats.ReasonBalloonUnmapped
	}
	for key := range stats.Stats {
		t.check(mapped[key] || listed[key], "QEMU's %s is neither mapped nor listed as not mapped", key)
	}
}

func balRSS(t *T) {
	g := t.small(true)
	v := t.uint(g.balloon(), "balloon.rss")
	resident, err := g.process().Resident()
	t.must(err, "read the process's memory")
	band := max(resident/4, 4096)
	t.check(v+band >= resident && v <= resident+band, "balloon.rss is %d KiB, the process has %d", v, resident)
}

func balInactive(t *T) {
	t.wantNames(t.define().balloon(), "", "balloon.current", "balloon.maximum")
}
