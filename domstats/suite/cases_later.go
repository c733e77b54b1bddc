// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// laterCases add what libvirt did not know when the domain was defined or started, and shapes
// of domains with which it did not find QEMU's devices.
func laterCases() []Case {
	return []Case{
		{ID: "PRF-10", Title: "threads that are made while events are counted", Needs: require(NeedQEMU, NeedPID, NeedPerf), run: prfThreads},
		{ID: "BAL-16", Title: "a memory module of the definition", Needs: require(NeedQEMU), run: balDefined},
		{ID: "BAL-17", Title: "balloons of other models", Needs: require(NeedQEMU, NeedX86, NeedFiles), run: balModels},
		{ID: "VCP-20", Title: "vCPUs of several dies", Needs: require(NeedQEMU, NeedX86, NeedPID), run: vcpDies},
		{ID: "VCP-22", Title: "vCPUs with gaps in the definition", Needs: require(NeedQEMU, NeedX86, NeedPID), run: vcpDefined},
		{ID: "IOT-08", Title: "an IOThread that is not libvirt's", Needs: require(NeedQEMU, NeedPID, NeedDaemon), Lost: "whether libvirtd dies of it (KD-18)", Alone: true, run: iotForeign},
	}
}

// prfThreads has QEMU's main thread make IOThreads after libvirt began to count. Of the
// counters of our own one counts the main thread only, the other the new threads as well:
// libvirt's must be above the first, and not above the second, which began earlier.
func prfThreads(t *T) {
	const threads = 16
	g := t.small(true)
	p := g.process()
	events := []string{"page_faults", "context_switches"}
	main, all := map[string]EventCounter{}, map[string]EventCounter{}
	for _, e := range events {
		main[e], all[e] = t.countEvent(p, e, false), t.countEvent(p, e, true)
	}
	read := func(counters map[string]EventCounter) map[string]uint64 {
		out := map[string]uint64{}
		for _, e := range events {
			v, err := counters[e].Read()
			t.must(err, "read the count of %s", e)
			out[e] = v
		}
		return out
	}
	g.perf(true, events...)
	mainLow, allLow := read(main), read(all)
	first := g.record(domstats.GroupPerf)
	allInner := read(all)
	for id := range uint32(threads) {
		t.must(t.conn.AddIOThread(t.ctx, g.Domain, id+1), "add IOThread %d", id+1)
	}
	innerEnd := read(all)
	last := g.record(domstats.GroupPerf)
	mainHigh, allHigh := read(main), read(all)
	counted := false
	for _, e := range events {
		grown := t.grew(first, last, "perf."+e)
		alone, family := mainHigh[e]-mainLow[e], allHigh[e]-allLow[e]
		t.check(grown <= family, "perf.%s grew by %d, our own counter of all threads by %d", e, grown, family)
		if innerEnd[e]-allInner[e] < alone+threads {
			continue // the kernel has counted too little of the new threads to tell
		}
		counted = true
		t.check(grown > alone, "perf.%s grew by %d while %d threads were made: it counts the main thread only, which has %d", e, grown, threads, alone)
		t.notef("perf.%s grew by %d, the main thread's count by %d, that of all threads by %d", e, grown, alone, family)
	}
	if !counted {
		t.skipf("nothing moved: the kernel counts no events of threads that are made later")
	}
}

// module is a memory module of so many KiB.
func module(kib uint64) string {
	return fmt.Sprintf("<memory model='dimm'><target><size unit='KiB'>%d</size><node>0</node></target></memory>", kib)
}

// balDefined adds memory modules to a definition, before a run and during one, and takes one out.
func balDefined(t *T) {
	const memory, first, second = 65536, 131072, 262144
	g := t.define(func(s *guest.Spec) { s.MemoryKiB, s.SlotsKiB = memory, 1<<20 })
	want := func(when string, kib uint64) {
		r := g.balloon()
		for _, name := range []string{"balloon.current", "balloon.maximum"} {
			equal(t, name+" "+when, t.uint(r, name), kib)
		}
	}
	want("as defined", memory)
	t.must(t.conn.AttachConfig(t.ctx, g.Domain, module(first)), "add a memory module to the definition")
	want("with a module in the definition", memory+first)
	g.start(true)
	want("of a run with a module", memory+first)
	t.must(t.conn.AttachConfig(t.ctx, g.Domain, module(second)), "add a memory module to the definition")
	want("while another module is in the definition only", memory+first)
	g.destroy()
	want("with two modules in the definition", memory+first+second)
	t.must(t.conn.DetachConfig(t.ctx, g.Domain, module(first)), "take a memory module out of the definition")
	want("with one of two modules left", memory+second)
	g.start(true)
	want("of a run with the module that is left", memory+second)

	// Current memory below the maximum grows and shrinks as well.
	const current = 49152
	g = t.define(func(s *guest.Spec) { s.MemoryKiB, s.CurrentKiB, s.SlotsKiB = memory, current, 1<<20 })
	for _, kib := range []uint64{first, second} {
		t.must(t.conn.AttachConfig(t.ctx, g.Domain, module(kib)), "add a memory module to the definition")
	}
	t.want(g.balloon(), map[string]uint64{"balloon.current": current + first + second, "balloon.maximum": memory + first + second})
	t.must(t.conn.DetachConfig(t.ctx, g.Domain, module(first)), "take a memory module out of the definition")
	t.want(g.balloon(), map[string]uint64{"balloon.current": current + second, "balloon.maximum": memory + second})
}

// balModels has balloons that are other devices to QEMU. The guest drives one of them.
func balModels(t *T) {
	modern := t.small(false, func(s *guest.Spec) { s.Balloon = "virtio-non-transitional" })
	r := modern.balloon()
	t.wantNames(r, "", "balloon.current", "balloon.maximum", "balloon.last-update", "balloon.rss")
	t.want(r, map[string]uint64{"balloon.current": 16384, "balloon.maximum": 16384, "balloon.last-update": 0})

	g := t.disk(func(s *guest.Spec) { s.Balloon = "virtio-transitional" })
	r = g.tell()
	for _, s := range guestStats() {
		t.want(r, map[string]uint64{s.name: s.told})
	}
	stats, err := qmp.BalloonStats(t.ctx, g, g.balloonPath())
	t.must(err, "ask QEMU for the guest's statistics")
	equal(t, "balloon.last-update", t.uint(r, "balloon.last-update"), stats.LastUpdate)
	t.check(stats.LastUpdate > 0, "QEMU does not know when the guest told its statistics")
}

// vcpDies plugs vCPUs of two sockets with two dies of two cores. libvirt knows them by their
// number, QEMU by their socket, die and core.
func vcpDies(t *T) {
	const dies, cores = 2, 2
	kvm := t.has(NeedKStats)
	g := t.small(true, func(s *guest.Spec) { s.VCPUs, s.MaxVCPUs, s.Dies, s.KVM = 1, 8, dies, kvm })
	schema := g.schema()
	for _, n := range []int{6, 2, 5} {
		g.plug(n, true)
	}
	want := []int{0, 2, 5, 6}
	g.wantVCPUs(g.record(everything), schema, want...)
	g.bracket(schema, true)
	g.resume()
	t.until(10*time.Second, "it uses its CPU", func() bool { return t.uint(g.record(domstats.GroupVCPU), "vcpu.0.time") > 0 })
	g.suspend()
	p := g.process()
	var numbers []int
	for _, c := range g.cpus() {
		n := (c.Place.Socket*dies+c.Place.Die)*cores + c.Place.Core
		equal(t, fmt.Sprintf("the number of QEMU's vCPU %d by its place", c.Index), n, c.Index)
		numbers = append(numbers, n)
		g.wantThread(p, n, c.ThreadID)
	}
	sameList(t, "QEMU's vCPUs", sorted(numbers), want)
}

// iotForeign has QEMU make an IOThread under a name that libvirt does not give. Where the
// daemon dies of it, it is started again before the next case.
func iotForeign(t *T) {
	g := t.small(true, iothreads(guest.IOThread{ID: 4}))
	p := g.process()
	arguments := map[string]string{"qom-type": "iothread", "id": "foreign"}
	t.must(qmp.Call(t.ctx, g, "object-add", arguments, nil), "make an IOThread in QEMU")
	t.mortal()
	records, err := t.conn.Stats(t.ctx, []domstats.Domain{g.Domain}, domstats.GroupIOThread, 0)
	if broken(err) {
		var death string
		t.until(time.Minute, "the daemon, whose connection broke, is gone", func() bool {
			death = t.death()
			return death != ""
		})
		t.kill(p)
		t.reopen()
		how, _, _ := strings.Cut(death, "; the last lines")
		t.deviates("KD-18", true, "the daemon died when it was asked for IOThreads: %s", how)
		return
	}
	t.must(err, "ask for IOThreads")
	equal(t, "the number of records", len(records), 1)
	t.deviates("KD-18", false, "")
	for _, r := range records {
		// Whether it counts the other one is libvirt's choice.
		n := t.uint(r, "iothread.count")
		t.check(n == 1 || n == 2, "iothread.count is %d", n)
		t.wantNames(r, "", "iothread.count", "iothread.4.poll-max-ns", "iothread.4.poll-grow", "iothread.4.poll-shrink")
		t.want(r, map[string]uint64{"iothread.4.poll-max-ns": 32768})
	}
}

// vcpDefined starts two runs with vCPUs that are not the first ones, and plugs one in between.
func vcpDefined(t *T) {
	kvm := t.has(NeedKStats)
	g := t.define(func(s *guest.Spec) { s.MaxVCPUs, s.Online, s.KVM = 5, []uint{0, 2, 3}, kvm })
	inactive := func() {
		r := g.record(domstats.GroupVCPU)
		t.wantNames(r, "", "vcpu.current", "vcpu.maximum")
		t.want(r, map[string]uint64{"vcpu.current": 3, "vcpu.maximum": 5})
	}
	inactive()
	for range 2 {
		g.start(true)
		schema := g.schema()
		g.wantVCPUs(g.record(everything), schema, 0, 2, 3)
		g.bracket(schema, true)
		g.plug(1, true)
		g.wantVCPUs(g.record(everything), schema, 0, 1, 2, 3)
		g.bracket(schema, true)
		p := g.process()
		for _, c := range g.cpus() {
			g.wantThread(p, c.Index, c.ThreadID)
		}
		g.destroy()
		inactive()
	}
}
