// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// How a dirty rate is measured, as libvirt numbers it.
const (
	bySampling uint32 = 0
	byBitmap   uint32 = 1
	byRing     uint32 = 2
)

// The status of a measurement.
const (
	unstarted = 0
	measuring = 1
	measured  = 2
)

func dirtyCases() []Case {
	q, x := require(NeedQEMU), require(NeedQEMU, NeedX86, NeedFiles)
	k := require(NeedKVM, NeedX86, NeedFiles)
	return []Case{
		{ID: "DRT-01", Title: "before any measurement", Needs: q, run: drtUnstarted},
		{ID: "DRT-02", Title: "measuring, then measured", Needs: q, Idle: true, run: drtMeasuring},
		{ID: "DRT-03", Title: "an exact rate", Needs: k, run: drtExact},
		{ID: "DRT-04", Title: "sampling", Needs: x, run: drtSampling},
		{ID: "DRT-05", Title: "the dirty ring tells vCPUs apart", Needs: k, run: drtRing},
		{ID: "DRT-06", Title: "a period that is not allowed", Needs: q, run: drtBadPeriod},
		{ID: "DRT-07", Title: "a mode that is not there", Needs: q, run: drtWrongMode},
		{ID: "DRT-08", Title: "a paused domain", Needs: q, run: drtPaused},
		{ID: "DRT-09", Title: "the start time", Needs: q, run: drtStart},
		{ID: "DRT-10", Title: "beside QEMU's answer", Needs: q, Idle: true, run: drtCross},
	}
}

func (g *Guest) dirty() domstats.Record { return g.record(domstats.GroupDirtyRate) }

// measure asks for a measurement of one second.
func (g *Guest) measure(mode uint32) { g.measureFor(1, mode) }

func (g *Guest) measureFor(seconds int32, mode uint32) {
	g.t.must(g.t.conn.StartDirtyRate(g.t.ctx, g.Domain, seconds, mode), "measure the dirty rate")
}

// rate waits for a measurement to end and returns its record.
func (g *Guest) rate() domstats.Record {
	var r domstats.Record
	g.t.until(time.Minute, "the dirty rate is measured", func() bool {
		r = g.dirty()
		return g.t.uint(r, "dirtyrate.calc_status") == measured
	})
	return r
}

func dirtyNames() []string {
	return []string{"dirtyrate.calc_status", "dirtyrate.calc_start_time", "dirtyrate.calc_period", "dirtyrate.calc_mode"}
}

func (t *T) wantUnstarted(r domstats.Record) {
	t.wantNames(r, "", dirtyNames()...)
	t.want(r, map[string]uint64{"dirtyrate.calc_status": unstarted, "dirtyrate.calc_start_time": 0, "dirtyrate.calc_period": 0})
	t.wantText(r, "dirtyrate.calc_mode", "page-sampling")
}

func drtUnstarted(t *T) { t.wantUnstarted(t.small(false).dirty()) }

func drtMeasuring(t *T) {
	g := t.small(false)
	seconds := int32(1)
	seen := t.attempts(func() bool {
		g.rest()
		g.measureFor(seconds, bySampling)
		seconds *= 3 // a busy machine may look too late
		var r domstats.Record
		// QEMU's thread begins a moment after the call.
		if !t.eventually(2*time.Second, func() bool { r = g.dirty(); return t.uint(r, "dirtyrate.calc_status") == measuring }) {
			return false
		}
		t.wantNames(r, "", dirtyNames()...)
		return true
	})
	t.check(seen, "the status is never \"measuring\" after the start")
	t.wantNames(g.rate(), "", append(dirtyNames(), "dirtyrate.megabytes_per_second")...)
}

// rest waits until no measurement runs.
func (g *Guest) rest() {
	g.t.until(time.Minute, "the measurement ends", func() bool { return g.t.uint(g.dirty(), "dirtyrate.calc_status") != measuring })
}

// dirtyDuring starts a measurement of one second and dirties memory in it. The
// machine may be too busy for that second, so it tries until the rate is right.
func (g *Guest) dirtyDuring(mode uint32, command string, right func(rate uint64) bool) (r domstats.Record, rate uint64) {
	g.t.attempts(func() bool {
		g.measure(mode)
		g.t.eventually(time.Second, func() bool { return g.t.uint(g.dirty(), "dirtyrate.calc_status") == measuring })
		g.do(command)
		r = g.rate()
		rate, _ = r.Uint("dirtyrate.megabytes_per_second")
		return right(rate)
	})
	return r, rate
}

func drtExact(t *T) {
	// QEMU divides by the time it really took, which is a little more than the
	// second it was told, and rounds down.
	right := func(rate uint64) bool { return rate >= 29 && rate <= 33 }
	r, rate := t.rom().dirtyDuring(byBitmap, "d", right)
	t.check(right(rate), "dirtying 32 MiB gives %d MiB/s", rate)
	t.wantText(r, "dirtyrate.calc_mode", "dirty-bitmap")
}

func drtSampling(t *T) {
	// 64 MiB have 32 sampled pages only, so the estimate is coarse.
	right := func(rate uint64) bool { return rate >= 10 && rate <= 54 }
	_, rate := t.disk().dirtyDuring(bySampling, "d", right)
	t.check(right(rate), "dirtying 32 MiB gives %d MiB/s", rate)
}

func drtRing(t *T) {
	g := t.rom(func(s *guest.Spec) { s.DirtyRing = 4096 })
	r, _ := g.dirtyDuring(byRing, "D", func(rate uint64) bool { return rate > 0 })
	t.wantNames(r, "", append(dirtyNames(), "dirtyrate.megabytes_per_second", "dirtyrate.vcpu.0.megabytes_per_second",
		"dirtyrate.vcpu.1.megabytes_per_second")...)
	t.wantText(r, "dirtyrate.calc_mode", "dirty-ring")
	first := t.uint(r, "dirtyrate.vcpu.0.megabytes_per_second")
	t.check(first > 0, "dirtyrate.vcpu.0.megabytes_per_second is 0")
	t.want(r, map[string]uint64{"dirtyrate.vcpu.1.megabytes_per_second": 0, "dirtyrate.megabytes_per_second": first})
}

func drtBadPeriod(t *T) {
	g := t.small(false)
	for _, seconds := range []int32{0, 61} {
		err := t.conn.StartDirtyRate(t.ctx, g.Domain, seconds, bySampling)
		t.check(domstats.ErrorCode(err) != 0, "a period of %d s gives: %v", seconds, err)
		t.wantUnstarted(g.dirty())
	}
}

func drtWrongMode(t *T) {
	kvm := t.has(NeedKVM)
	g := t.small(false, func(s *guest.Spec) { s.KVM = kvm })
	err := t.conn.StartDirtyRate(t.ctx, g.Domain, 1, byRing)
	t.check(domstats.ErrorCode(err) != 0, "dirty-ring without the feature gives: %v", err)
	t.wantUnstarted(g.dirty())
}

func drtPaused(t *T) {
	g := t.small(true)
	g.measure(bySampling)
	t.want(g.rate(), map[string]uint64{"dirtyrate.megabytes_per_second": 0, "dirtyrate.calc_period": 1})
}

func drtStart(t *T) {
	g := t.small(false)
	asked := time.Now()
	g.measure(bySampling)
	at := t.uint(g.rate(), "dirtyrate.calc_start_time")
	took := uint64(time.Since(asked)/time.Second) + 3
	near := func(now uint64) bool { return at+took >= now && at <= now+3 }
	uptime, err := t.host().Uptime()
	t.must(err, "read the host's uptime")
	switch {
	case near(uint64(time.Now().Unix())):
		t.deviates("KD-5", false, "")
	case near(uint64(uptime / time.Second)):
		t.deviates("KD-5", true, "dirtyrate.calc_start_time is %d, the host's uptime", at)
	default:
		t.errorf("dirtyrate.calc_start_time is %d, now is %d, the uptime %s", at, time.Now().Unix(), uptime)
	}
}

func drtCross(t *T) {
	g := t.small(false)
	g.measure(bySampling)
	r := g.rate()
	q, err := qmp.QueryDirtyRate(t.ctx, g)
	t.must(err, "ask QEMU for the dirty rate")
	equal(t, "QEMU's status", q.Status, "measured")
	t.wantText(r, "dirtyrate.calc_mode", q.Mode)
	if q.Rate == nil {
		t.fatalf("QEMU has no rate")
	}
	t.want(r, map[string]uint64{"dirtyrate.calc_start_time": uint64(q.Start), "dirtyrate.calc_period": uint64(q.Period),
		"dirtyrate.megabytes_per_second": uint64(*q.Rate)})
}
