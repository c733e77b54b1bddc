// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// sourceCases compare values with a source outside libvirt.
func sourceCases() []Case {
	q, pid := require(NeedQEMU), require(NeedQEMU, NeedPID)
	k := require(NeedKStats, NeedPID)
	return []Case{
		{ID: "VCP-15", Title: "times of the threads of a KVM guest", Needs: k, run: vcpKVMTimes},
		{ID: "VCP-16", Title: "128 vCPUs have more than 4096 parameters", Needs: require(NeedKStats), run: vcpHuge},
		{ID: "CPU-09", Title: "halt polling that succeeds", Needs: require(NeedKStats, NeedX86, NeedFiles), run: cpuPolled},
		{ID: "CPU-10", Title: "times with control groups", Needs: append(require(NeedCGroups, NeedTime, NeedX86, NeedFiles), pid...), Limit: 6 * minute, run: cpuGrouped},
		{ID: "BAL-13", Title: "no device and less than the maximum", Needs: q, run: balNoDeviceLess},
		{ID: "BAL-14", Title: "memory of an inactive domain", Needs: q, run: balInactiveLess},
		{ID: "BAL-15", Title: "a memory module that is plugged in", Needs: q, run: balModule},
		{ID: "IOT-07", Title: "two IOThreads with settings of their own", Needs: q, run: iotTwo},
		{ID: "PRF-06", Title: "events beside counters of our own", Needs: require(NeedQEMU, NeedPID, NeedPerf), run: prfCross},
		{ID: "DRT-11", Title: "the rates of two vCPUs beside QEMU's", Needs: require(NeedKVM, NeedX86, NeedFiles), run: drtRingCross},
	}
}

// wantThread compares the times of a paused guest's vCPU with those of its thread.
func (g *Guest) wantThread(p Process, n, thread int) {
	t, name := g.t, func(f string) string { return fmt.Sprintf("vcpu.%d.%s", n, f) }
	read := func() (spent, delay, wait time.Duration) {
		spent, err := p.ThreadTime(thread)
		t.must(err, "read the time of a thread")
		delay, err = p.Delay(thread)
		t.must(err, "read the delay of a thread")
		wait, _, err = p.Wait(thread)
		t.must(err, "read the wait of a thread")
		return spent, delay, wait
	}
	timeLow, delayLow, waitLow := read()
	r := g.record(domstats.GroupVCPU)
	timeHigh, delayHigh, waitHigh := read()
	within := func(f string, low, high time.Duration) {
		v := time.Duration(t.uint(r, name(f)))
		t.check(v >= low && v <= high, "%s is %s, its thread had %s before and %s after", name(f), v, low, high)
	}
	within("time", timeLow, timeHigh)
	within("delay", delayLow, delayHigh)
	_, kept, err := p.Wait(thread)
	t.must(err, "read the wait of a thread")
	if !kept {
		t.deviates("KD-11", true, "the kernel keeps no statistics of its scheduler")
		equal(t, name("wait"), t.uint(r, name("wait")), 0)
		return
	}
	// libvirt reads milliseconds with their fraction, and rounds.
	within("wait", waitLow-time.Millisecond, waitHigh+time.Millisecond)
}

func vcpKVMTimes(t *T) {
	g := t.small(false, cores(2, 2), func(s *guest.Spec) { s.KVM = true })
	t.until(12*atOnce, "vCPU 0 uses its CPU", func() bool { return t.uint(g.record(domstats.GroupVCPU), "vcpu.0.time") > 0 })
	g.suspend()
	p := g.process()
	for _, c := range g.cpus() {
		g.wantThread(p, c.Index, c.ThreadID)
	}
	r := g.record(domstats.GroupVCPU)
	t.check(t.uint(r, "vcpu.0.time") != t.uint(r, "vcpu.1.time"), "both vCPUs have the time %d", t.uint(r, "vcpu.0.time"))
	for _, n := range []string{"vcpu.0.halted", "vcpu.1.halted"} {
		t.check(!r.Has(n), "%s is reported on x86", n)
	}
}

func vcpHuge(t *T) {
	const n = 128
	g := t.small(true, cores(n, n), func(s *guest.Spec) { s.KVM, s.MemoryKiB = true, 131072 })
	schema := g.schema()
	r := g.record(everything)
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	g.wantVCPUs(r, schema, indices...)
	t.check(len(r.Params) > 4096 || n*len(vcpuNames(schema, 0)) <= 4096, "the record has %d parameters only", len(r.Params))
	g.bracket(schema, true)
}

func cpuPolled(t *T) {
	limit, err := t.host().HaltPolling()
	t.must(err, "read the kernel's limit for polling")
	if limit == 0 {
		t.skipf("the kernel does not poll for halted vCPUs")
	}
	g := t.disk(func(s *guest.Spec) { s.KVM = true })
	g.do("T")
	const stat = "halt_poll_success_ns"
	moved := t.eventually(3*time.Second, func() bool {
		v := g.look()
		return v.haltpoll(stat) > 0 && v.haltpoll("halt_poll_fail_ns") > 0
	})
	g.suspend()
	r := g.record(everything)
	now := g.look()
	success, fail := now.haltpoll(stat), now.haltpoll("halt_poll_fail_ns")
	t.want(r, map[string]uint64{"cpu.haltpoll.success.time": success, "cpu.haltpoll.fail.time": fail})
	if !moved && success == 0 && fail == 0 {
		t.skipf("nothing moved: KVM did not poll for a guest that halts")
	}
	t.moves("cpu.haltpoll.success.time", success > 0)
}

func cpuGrouped(t *T) {
	// The group has the processes that prepared QEMU as well.
	const slack = 500 * time.Millisecond
	g, p := t.spender(2 * slack)
	user0, system0, err := p.Times()
	t.must(err, "read the process's times")
	r := g.record(domstats.GroupCPU)
	for name, low := range map[string]time.Duration{"cpu.user": user0, "cpu.system": system0, "cpu.time": user0 + system0} {
		v := time.Duration(t.uint(r, name))
		t.check(v+slack >= low && v <= low+slack, "%s is %s, the process has %s", name, v, low)
	}
	sum := t.uint(r, "cpu.user") + t.uint(r, "cpu.system")
	total := t.uint(r, "cpu.time")
	t.check(max(sum, total)-min(sum, total) <= uint64(20*time.Millisecond)+total/100, "cpu.time is %d, user and system are %d together", total, sum)
	t.check(total%uint64(10*time.Millisecond) != 0, "cpu.time is %d, a multiple of 10 ms: it is not the group's", total)
}

func balNoDeviceLess(t *T) {
	g := t.small(false, func(s *guest.Spec) { s.NoBalloon, s.CurrentKiB = true, 8192 })
	r := g.balloon()
	t.wantNames(r, "", "balloon.current", "balloon.maximum", "balloon.rss")
	t.want(r, map[string]uint64{"balloon.current": 16384, "balloon.maximum": 16384})
}

func balInactiveLess(t *T) {
	g := t.define(func(s *guest.Spec) { s.CurrentKiB = 8192 })
	t.want(g.balloon(), map[string]uint64{"balloon.current": 8192, "balloon.maximum": 16384})
	g = t.define(func(s *guest.Spec) { s.CurrentKiB = 32768 }) // there is not so much
	t.want(g.balloon(), map[string]uint64{"balloon.current": 16384, "balloon.maximum": 16384})
	// Without the device nothing can take memory away.
	g = t.define(func(s *guest.Spec) { s.NoBalloon, s.CurrentKiB = true, 8192 })
	t.want(g.balloon(), map[string]uint64{"balloon.current": 16384, "balloon.maximum": 16384})
}

func balModule(t *T) {
	g := t.small(false, func(s *guest.Spec) { s.MemoryKiB, s.SlotsKiB = 65536, 1<<20 })
	before := g.balloon()
	t.want(before, map[string]uint64{"balloon.current": 65536, "balloon.maximum": 65536})
	t.must(t.conn.Attach(t.ctx, g.Domain, module(131072)), "plug a memory module in")
	r := g.balloon()
	t.want(r, map[string]uint64{"balloon.maximum": 65536 + 131072, "balloon.current": 65536 + 131072})
	t.wantNames(r, "", before.Names("")...)

	// Without the device nothing can take the module's memory away.
	g = t.small(false, func(s *guest.Spec) { s.MemoryKiB, s.SlotsKiB, s.NoBalloon = 65536, 1<<20, true })
	t.must(t.conn.Attach(t.ctx, g.Domain, module(131072)), "plug a memory module in")
	t.want(g.balloon(), map[string]uint64{"balloon.maximum": 65536 + 131072, "balloon.current": 65536 + 131072})
}

func iotTwo(t *T) {
	g := t.small(true, iothreads(guest.IOThread{ID: 4}, guest.IOThread{ID: 7}, guest.IOThread{ID: 12}))
	g.setPolling(4, 4096, uint32(2), uint32(7))
	g.setPolling(12, 65536, uint32(3), uint32(5))
	r := g.iot(4, 7, 12)
	g.wantPolling(r, 4, 4096, 2, 7)
	g.wantPolling(r, 7, 32768, 0, 0)
	g.wantPolling(r, 12, 65536, 3, 5)
	for _, id := range []int{4, 7, 12} {
		p, _ := r.Lookup(fmt.Sprintf("iothread.%d.poll-max-ns", id))
		equal(t, "the type of "+p.Name, p.Type, domstats.ULLong)
	}
}

// countEvent counts an event of the main thread until the case is over; with inherit,
// also of the threads that it makes.
func (t *T) countEvent(p Process, event string, inherit bool) EventCounter {
	c, err := p.CountEvent(event, inherit)
	t.must(err, "count %s", event)
	t.cleanup(func(context.Context) {
		// Nothing is lost when closing fails: it is not read again.
		_ = c.Close()
	})
	return c
}

// prfCross counts each event itself, from before libvirt does.
func prfCross(t *T) {
	g := t.small(false)
	p := g.process()
	ours := map[string]EventCounter{}
	for _, e := range softwareEvents() {
		ours[e] = t.countEvent(p, e, false)
	}
	read := func(e string) uint64 {
		v, err := ours[e].Read()
		t.must(err, "read the count of %s", e)
		return v
	}
	g.perf(true, softwareEvents()...)
	// One event after the other: reading takes time, which moves the clocks.
	for _, e := range softwareEvents() {
		name := "perf." + e
		a := read(e)
		first := t.uint(g.record(domstats.GroupPerf), name)
		b := read(e)
		for range 20 {
			g.record(everything)
		}
		c := read(e)
		last := t.uint(g.record(domstats.GroupPerf), name)
		d := read(e)
		grown, slack := last-first, uint64(0)
		if strings.HasSuffix(e, "_clock") { // two clocks of the same thread are not switched on and off at once
			slack = uint64(time.Millisecond) + (d-a)/50
		}
		t.check(last >= first && grown+slack >= c-b && grown <= d-a+slack, "%s grew by %d, our own counter by %d to %d", name, grown, c-b, d-a)
		t.check(last <= d+slack, "%s is %d, our own counter has %d though it began earlier", name, last, d)
		if e == "cpu_clock" || e == "task_clock" || e == "context_switches" {
			t.check(grown > 0, "%s did not move over 20 calls", name)
		}
	}
}

func drtRingCross(t *T) {
	g := t.rom(func(s *guest.Spec) { s.DirtyRing = 4096 })
	r, _ := g.dirtyDuring(byRing, "D", func(rate uint64) bool { return rate > 0 })
	g.wantVCPURates(r)
}

// wantVCPURates compares the rate of each vCPU with QEMU's own.
func (g *Guest) wantVCPURates(r domstats.Record) {
	t := g.t
	q, err := qmp.QueryDirtyRate(t.ctx, g)
	t.must(err, "ask QEMU for the dirty rate")
	equal(t, "the number of vCPUs with a rate", len(r.Names("dirtyrate.vcpu.")), len(q.VCPUs))
	moved := false
	for _, v := range q.VCPUs {
		name := fmt.Sprintf("dirtyrate.vcpu.%d.megabytes_per_second", v.ID)
		equal(t, name, t.uint(r, name), uint64(v.Rate))
		moved = moved || v.Rate > 0
	}
	t.check(moved, "QEMU measures a rate of 0 for a guest that dirties memory")
}
