// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"strconv"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func vcpuCases() []Case {
	q, k := require(NeedQEMU), require(NeedKStats, NeedX86, NeedFiles)
	pid := require(NeedQEMU, NeedPID)
	return []Case{
		{ID: "VCP-01", Title: "current and maximum", Needs: q, run: vcpCurrent},
		{ID: "VCP-02", Title: "the indices", Needs: q, run: vcpIndices},
		{ID: "VCP-03", Title: "plugging leaves a gap", Needs: q, run: vcpSparse},
		{ID: "VCP-04", Title: "plugging out of order", Needs: q, run: vcpOutOfOrder},
		{ID: "VCP-05", Title: "unplugging", Needs: require(NeedKVM, NeedX86, NeedFiles), run: vcpUnplug},
		{ID: "VCP-06", Title: "plugging again", Needs: require(NeedKStats, NeedX86, NeedFiles), run: vcpReplug},
		{ID: "VCP-07", Title: "the time of the thread", Needs: pid, run: vcpTime},
		{ID: "VCP-08", Title: "the delay of the thread", Needs: pid, run: vcpDelay},
		{ID: "VCP-09", Title: "the state", Needs: q, run: vcpState},
		{ID: "VCP-10", Title: "no halted field on x86", Needs: require(NeedQEMU, NeedX86), run: vcpNoHalted},
		{ID: "VCP-11", Title: "an inactive domain", Needs: q, run: vcpInactive},
		{ID: "VCP-12", Title: "a started vCPU moves", Needs: k, run: vcpStarted},
		{ID: "VCP-13", Title: "64 vCPUs", Needs: require(NeedKStats), run: vcpMany},
		{ID: "VCP-14", Title: "extended values never fall", Needs: k, run: vcpMonotonic},
	}
}

// cores gives a guest some of more vCPUs.
func cores(online, most uint) func(*guest.Spec) {
	return func(s *guest.Spec) { s.VCPUs, s.MaxVCPUs = online, most }
}

func (g *Guest) wantIndices(want ...int) domstats.Record {
	r := g.record(everything)
	sameList(g.t, "the vCPUs", r.Indices("vcpu"), want)
	g.t.want(r, map[string]uint64{"vcpu.current": uint64(len(want))})
	return r
}

func (g *Guest) plug(n int, on bool) {
	g.t.must(g.t.conn.SetVCPU(g.t.ctx, g.Domain, strconv.Itoa(n), on), "plug vCPU %d", n)
}

func vcpCurrent(t *T) {
	g := t.small(true, cores(2, 4))
	r := g.record(domstats.GroupVCPU)
	t.want(r, map[string]uint64{"vcpu.current": 2, "vcpu.maximum": 4})
	equal(t, "vcpu.current beside QEMU's count", t.uint(r, "vcpu.current"), uint64(len(g.cpus())))
	for _, name := range []string{"vcpu.current", "vcpu.maximum"} {
		p, _ := r.Lookup(name)
		equal(t, "the type of "+name, p.Type, domstats.UInt)
	}
}

func vcpIndices(t *T) {
	g := t.small(true, cores(1, 4))
	g.plug(2, true)
	r := g.wantIndices(0, 2)
	for _, n := range r.Indices("vcpu") {
		t.check(uint64(n) < t.uint(r, "vcpu.maximum"), "vCPU %d is not below the maximum", n)
	}
}

func vcpSparse(t *T) {
	kvm := t.has(NeedKStats)
	g := t.small(true, cores(1, 4), func(s *guest.Spec) { s.KVM = kvm })
	g.plug(2, true)
	schema := g.schema()
	g.wantVCPUs(g.record(everything), schema, 0, 2)
	g.bracket(schema, true)
	var indices []int
	for _, c := range g.cpus() {
		indices = append(indices, c.Index)
	}
	sameList(t, "QEMU's vCPUs", sorted(indices), []int{0, 2})
}

func vcpOutOfOrder(t *T) {
	kvm := t.has(NeedKStats)
	g := t.small(true, cores(1, 4), func(s *guest.Spec) { s.KVM = kvm })
	schema := g.schema()
	online := map[int][]int{2: {0, 2}, 3: {0, 2, 3}, 1: {0, 1, 2, 3}}
	for _, n := range []int{2, 3, 1} {
		before := g.record(domstats.GroupVCPU)
		g.plug(n, true)
		r := g.wantIndices(online[n]...)
		t.report(domstats.CheckMonotonic(domstats.NewCatalogue(), before, r), "after plugging vCPU %d", n)
		g.bracket(schema, true)
	}
}

// unplug takes a vCPU away with the guest's help.
func (g *Guest) unplug(n int) {
	before := len(g.cpus())
	g.agree(func() { g.plug(n, false) }, "u"+string(rune('@'+n)), func() bool { return len(g.cpus()) < before })
}

func vcpUnplug(t *T) {
	g := t.disk(cores(1, 4), func(s *guest.Spec) { s.KVM = true })
	g.plug(1, true)
	before := g.wantIndices(0, 1)
	g.do("U")
	g.unplug(1)
	r := g.wantIndices(0)
	t.report(domstats.CheckMonotonic(domstats.NewCatalogue(), before, r), "after the unplug")
}

func vcpReplug(t *T) {
	g := t.disk(cores(1, 4), func(s *guest.Spec) { s.KVM = true })
	schema := g.schema()
	g.plug(1, true)
	g.wantVCPUs(g.record(everything), schema, 0, 1)
	// Not started: kernels since 5.18 refuse to take back a vCPU that ran
	// (its CPUID may not be set again), and QEMU 7.2 exits on that.
	g.do("U")
	g.unplug(1)
	g.plug(1, true)
	r := g.record(everything)
	g.wantVCPUs(r, schema, 0, 1)
	spent := time.Duration(t.uint(r, "vcpu.1.time"))
	t.check(spent <= 100*time.Millisecond, "vcpu.1.time is %s on a vCPU that was just plugged in", spent)
}

func vcpTime(t *T) {
	g := t.small(false, cores(2, 2))
	t.until(10*time.Second, "it uses its CPU", func() bool { return t.uint(g.record(domstats.GroupVCPU), "vcpu.0.time") > 0 })
	g.suspend()
	p := g.process()
	for _, c := range g.cpus() {
		low, err := p.ThreadTime(c.ThreadID)
		t.must(err, "read the time of a thread")
		v := time.Duration(t.uint(g.record(domstats.GroupVCPU), fmt.Sprintf("vcpu.%d.time", c.Index)))
		high, err := p.ThreadTime(c.ThreadID)
		t.must(err, "read the time of a thread")
		t.check(v >= low && v <= high, "vcpu.%d.time is %s, its thread had %s before and %s after", c.Index, v, low, high)
	}
}

func vcpDelay(t *T) {
	g := t.small(false, cores(2, 2))
	g.suspend()
	p := g.process()
	for _, c := range g.cpus() {
		low, err := p.Delay(c.ThreadID)
		t.must(err, "read the delay of a thread")
		v := time.Duration(t.uint(g.record(domstats.GroupVCPU), fmt.Sprintf("vcpu.%d.delay", c.Index)))
		high, err := p.Delay(c.ThreadID)
		t.must(err, "read the delay of a thread")
		t.check(v >= low && v <= high, "vcpu.%d.delay is %s, its thread had %s before and %s after", c.Index, v, low, high)
	}
}

func vcpState(t *T) {
	g := t.small(false, cores(2, 2))
	want := map[string]uint64{"vcpu.0.state": 1, "vcpu.1.state": 1}
	t.want(g.record(domstats.GroupVCPU), want)
	g.suspend()
	t.want(g.record(domstats.GroupVCPU), want)
}

func vcpNoHalted(t *T) {
	g := t.small(false)
	t.check(!g.record(domstats.GroupVCPU).Has("vcpu.0.halted"), "vcpu.0.halted is reported")
}

func vcpInactive(t *T) {
	g := t.define(cores(2, 4))
	r := g.record(domstats.GroupVCPU)
	t.wantNames(r, "", "vcpu.current", "vcpu.maximum")
	t.want(r, map[string]uint64{"vcpu.current": 2, "vcpu.maximum": 4})
}

func vcpStarted(t *T) {
	g := t.rom()
	g.plug(2, true)
	before := g.record(everything)
	g.do("2")
	var after domstats.Record
	t.until(10*time.Second, "vCPU 2 runs", func() bool {
		after = g.record(everything)
		return t.grew(before, after, "vcpu.2.time") >= uint64(200*time.Millisecond)
	})
	t.check(t.grew(before, after, "vcpu.2.exits.sum") > 0, "vcpu.2.exits.sum does not grow")
	idle := t.grew(before, after, "vcpu.1.time")
	t.check(idle <= uint64(50*time.Millisecond), "vcpu.1.time grew by %s though it never started", time.Duration(idle))
}

func vcpMany(t *T) {
	const n = 64
	g := t.small(true, cores(n, n), func(s *guest.Spec) { s.KVM, s.MemoryKiB = true, 65536 })
	schema := g.schema()
	var r domstats.Record
	var took time.Duration
	const limit = 2 * time.Second
	t.attempts(func() bool {
		started := time.Now()
		r = g.record(everything)
		took = time.Since(started)
		return took < limit
	})
	t.quick("the call", took, limit)
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	g.wantVCPUs(r, schema, indices...)
}

func vcpMonotonic(t *T) {
	g := t.rom()
	g.do("1")
	c := domstats.NewCatalogue()
	last := g.record(domstats.GroupVCPU)
	for range 10 {
		g.do("o", "c")
		r := g.record(domstats.GroupVCPU)
		t.report(domstats.CheckMonotonic(c, last, r), "under load")
		last = r
	}
}
