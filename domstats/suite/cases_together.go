// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// togetherCases ask about several domains in one call, and about one domain in
// several states.
func togetherCases() []Case {
	q, files := require(NeedQEMU), require(NeedQEMU, NeedFiles)
	return []Case{
		{ID: "API-25", Title: "an inactive domain before an active one", Needs: files, run: apiInactiveFirst},
		{ID: "API-26", Title: "records come in the order of the list", Needs: q, run: apiOrder},
		{ID: "API-27", Title: "two domains of one shape keep their own values", Needs: files, run: apiSameShape},
		{ID: "API-28", Title: "a paused domain has the same statistics", Needs: require(NeedQEMU, NeedX86, NeedFiles), run: apiPaused},
		{ID: "API-29", Title: "as many records as a list may have", Needs: q, run: apiManyRecords},
		{ID: "VCP-17", Title: "times of vCPUs with a gap", Needs: require(NeedKStats, NeedPID, NeedX86, NeedFiles), run: vcpSparseTimes},
		{ID: "LIF-11", Title: "what was plugged in ends with the run", Needs: files, run: lifPluggedOnce},
		{ID: "CPU-11", Title: "halt polling of two vCPUs adds up", Needs: require(NeedKStats, NeedX86, NeedFiles), run: cpuTwoPolled},
	}
}

func apiInactiveFirst(t *T) {
	off, on := t.define(), t.busy()
	want := on.record(0).Names("")
	for _, groups := range []domstats.Group{0, everything} {
		for _, list := range [][]domstats.Domain{{off.Domain, on.Domain}, {on.Domain, off.Domain}, {off.Domain, on.Domain, off.Domain}} {
			records := t.stats(groups, 0, list...)
			equal(t, "the number of records", len(records), len(list))
			for _, r := range records {
				if r.Domain.Name == on.Name {
					t.wantNames(r, "", want...)
				} else {
					t.onlyInactive(r)
				}
			}
		}
	}
}

func apiOrder(t *T) {
	a, b, c := t.small(true), t.define(), t.small(true)
	for _, list := range [][]domstats.Domain{{c.Domain, a.Domain, b.Domain}, {b.Domain, c.Domain, a.Domain}, {a.Domain, b.Domain, c.Domain}} {
		var got, want []string
		for _, d := range list {
			want = append(want, d.Name)
		}
		for i, r := range t.stats(domstats.GroupState|domstats.GroupVCPU, 0, list...) {
			got = append(got, r.Domain.Name)
			if i < len(list) {
				equal(t, "the domain of a record", r.Domain, list[i])
			}
		}
		sameList(t, "records", got, want)
	}
}

// apiManyRecords asks for one domain as often as a list may name domains.
func apiManyRecords(t *T) {
	const most = 16384
	g := t.small(true)
	list := make([]domstats.Domain, most)
	for i := range list {
		list[i] = g.Domain
	}
	t.silent = true
	records := t.stats(domstats.GroupState, 0, list...)
	equal(t, "the number of records", len(records), most)
	for _, i := range []int{0, len(records) / 2, len(records) - 1} {
		if i >= 0 && i < len(records) {
			equal(t, "the domain", records[i].Domain, g.Domain)
			t.want(records[i], map[string]uint64{"state.state": paused, "state.reason": 1})
		}
	}
}

// shaped makes the nth of some guests that have the same devices under the same
// names, and differ in every value.
func (t *T) shaped(n uint64) *Guest {
	g := t.small(true, cores(uint(n), 4), func(s *guest.Spec) {
		s.MemoryKiB = uint(16384 + 4096*n)
		s.IOThreads = []guest.IOThread{{ID: 4}}
		s.Disks = []guest.Disk{
			{Target: "vda", File: t.file(fmt.Sprintf("a%d.img", n), nil, guest.DiskSize+int64(n)<<20)},
			{Target: "vdb", Format: "qcow2", File: t.file(fmt.Sprintf("b%d.qcow2", n), guest.QCOW2(n<<22, "", ""), 0)},
		}
		if t.has(NeedTap) {
			s.NICs = []guest.NIC{{Model: "e1000", MAC: mac(int(n))}}
		}
	})
	g.inject("virtio-disk0", fmt.Sprintf("aio_write -P 5 65536 %dk", 4*n))
	g.inject("virtio-disk1", fmt.Sprintf("aio_read 0 %dk", 8*n))
	g.setPolling(4, 4096*n, uint32(2*n), uint32(7*n))
	t.must(t.conn.SetThreshold(t.ctx, g.Domain, "vda", 90001*n), "set a threshold")
	return g
}

// wantShape compares the record of the nth shaped guest.
func (g *Guest) wantShape(r domstats.Record, n uint64) {
	t := g.t
	memory := 16384 + 4096*n
	t.want(r, map[string]uint64{"balloon.current": memory, "balloon.maximum": memory, "vcpu.current": n, "vcpu.maximum": 4, "block.count": 2,
		"block.0.capacity": guest.DiskSize + n<<20, "block.1.capacity": n << 22, "block.0.threshold": 90001 * n,
		"block.0.wr.bytes": 4096 * n, "block.1.rd.bytes": 8192 * n, "block.0.rd.bytes": 0, "block.1.wr.bytes": 0})
	t.wantText(r, "block.0.path", g.spec.Disks[0].File)
	t.wantText(r, "block.1.path", g.spec.Disks[1].File)
	g.wantPolling(r, 4, 4096*n, 2*n, 7*n)
	devices, err := qmp.BlockDevices(t.ctx, g)
	t.must(err, "ask QEMU for its block devices")
	for i, d := range devices {
		p := fmt.Sprintf("block.%d.", i)
		t.want(r, map[string]uint64{p + "rd.times": d.Stats.ReadTime, p + "wr.times": d.Stats.WriteTime, p + "fl.times": d.Stats.FlushTime})
	}
}

func apiSameShape(t *T) {
	guests := []*Guest{t.shaped(1), t.shaped(2), t.shaped(3)}
	records := t.stats(everything, 0, guests[2].Domain, guests[0].Domain, guests[1].Domain)
	equal(t, "the number of records", len(records), len(guests))
	names := map[string]bool{}
	for i, g := range guests {
		r, ok := byName(records, g.Name)
		t.check(ok, "%s is missing", g.Name)
		g.wantShape(r, uint64(i+1))
		if len(g.spec.NICs) > 0 {
			names[t.interfaceName(r, 0)] = true
		}
	}
	t.check(len(names) == 0 || len(names) == len(guests), "%d domains have %d names of interfaces", len(guests), len(names))
}

// apiPaused compares the record of a guest that has told its statistics before,
// while and after it is paused.
func apiPaused(t *T) {
	g := t.disk(func(s *guest.Spec) {
		s.IOThreads = []guest.IOThread{{ID: 4}}
		s.NICs = t.userNICs(1)
	})
	g.tell()
	if t.has(NeedPerf) {
		g.perf(true, softwareEvents()...)
	}
	before := g.record(everything)
	same := func() {
		r := g.record(everything)
		t.wantNames(r, "", before.Names("")...)
		now := r.Map()
		for _, p := range before.Params {
			equal(t, "the type of "+p.Name, now[p.Name].Type, p.Type)
			if still(p.Name) && p.Name != "state.state" && p.Name != "state.reason" {
				equal(t, p.Name, now[p.Name].Value, p.Value)
			}
		}
	}
	g.suspend()
	same()
	g.resume()
	same()
}

func vcpSparseTimes(t *T) {
	g := t.rom(cores(1, 4))
	g.plug(2, true)
	g.do("2")
	before := g.record(domstats.GroupVCPU)
	t.until(12*atOnce, "vCPU 2 uses its CPU", func() bool {
		return t.grew(before, g.record(domstats.GroupVCPU), "vcpu.2.time") >= uint64(200*time.Millisecond)
	})
	g.suspend()
	p := g.process()
	var indices []int
	for _, c := range g.cpus() {
		g.wantThread(p, c.Index, c.ThreadID)
		indices = append(indices, c.Index)
	}
	sameList(t, "QEMU's vCPUs", sorted(indices), []int{0, 2})
	g.wantIndices(0, 2)
}

// lifPluggedOnce plugs devices into the running domain only: its definition stays.
func lifPluggedOnce(t *T) {
	g := t.define(cores(1, 4), func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", File: t.file("a.img", guest.Image(), guest.DiskSize)}}
		s.IOThreads = []guest.IOThread{{ID: 4}}
	})
	const groups = domstats.GroupVCPU | domstats.GroupBalloon | domstats.GroupBlock | domstats.GroupInterface | domstats.GroupIOThread | domstats.GroupPerf
	defined := g.record(groups)
	for range 2 {
		g.start(true)
		r := g.record(everything)
		t.want(r, map[string]uint64{"vcpu.current": 1, "block.count": 1, "net.count": 0, "iothread.count": 1, "block.0.wr.bytes": 0})
		t.check(!r.Has("block.0.threshold"), "block.0.threshold is there before one is set")
		t.wantNames(r, "perf.")
		g.inject("virtio-disk0", "aio_write -P 5 0 4k") // where the file has its space already
		t.must(t.conn.SetThreshold(t.ctx, g.Domain, "vda", 900001), "set a threshold")
		if t.has(NeedPerf) {
			g.perf(true, softwareEvents()...)
		}
		g.plug(2, true)
		g.attachDisk(t.raw("vdb", "b.img"))
		cards := t.userNICs(5)
		for _, card := range cards {
			card.Model = "usb-net"
			g.attachNIC(card)
		}
		t.must(t.conn.AddIOThread(t.ctx, g.Domain, 9), "add IOThread 9")
		t.want(g.record(everything), map[string]uint64{"vcpu.current": 2, "block.count": 2, "net.count": uint64(len(cards)), "iothread.count": 2})
		g.destroy()
		g.state(shutOff, 2)
		r = g.record(groups)
		t.wantNames(r, "", defined.Names("")...)
		t.wantStill(defined, r)
	}
}

// cpuTwoPolled has two vCPUs that halt and are woken by timers of their own.
func cpuTwoPolled(t *T) {
	limit, err := t.host().HaltPolling()
	t.must(err, "read the kernel's limit for polling")
	if limit == 0 {
		t.skipf("the kernel does not poll for halted vCPUs")
	}
	g := t.disk(cores(2, 2), func(s *guest.Spec) { s.KVM = true })
	g.do("T")
	g.do("H1")
	of := func(v view, n int, stat string) uint64 {
		ns, _ := v.vcpus[n].Values[stat].Uint()
		return ns
	}
	stats := []string{"halt_poll_success_ns", "halt_poll_fail_ns"}
	both := func(v view) bool {
		return slices.ContainsFunc(stats, func(s string) bool { return of(v, 0, s) > 0 && of(v, 1, s) > 0 })
	}
	t.eventually(3*time.Second, func() bool { return both(g.look()) })
	g.suspend()
	r, now := g.record(everything), g.look()
	t.want(r, map[string]uint64{"cpu.haltpoll.success.time": now.haltpoll(stats[0]), "cpu.haltpoll.fail.time": now.haltpoll(stats[1])})
	for n := range 2 {
		t.notef("vCPU %d polled for %s in vain and for %s with success", n, time.Duration(of(now, n, stats[1])), time.Duration(of(now, n, stats[0])))
	}
	if !both(now) {
		t.notef("nothing moved: KVM did not poll for both vCPUs")
	}
}
