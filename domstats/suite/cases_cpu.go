// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func cpuCases() []Case {
	q := require(NeedQEMU)
	return []Case{
		{ID: "CPU-01", Title: "the fields of an active domain", Needs: q, run: cpuFields},
		{ID: "CPU-02", Title: "times match the process", Needs: require(NeedQEMU, NeedX86, NeedFiles, NeedPID, NeedTime), Limit: 6 * minute, run: cpuProcess},
		{ID: "CPU-03", Title: "times never fall", Needs: require(NeedQEMU, NeedX86, NeedFiles), run: cpuMonotonic},
		{ID: "CPU-04", Title: "load moves the time", Needs: require(NeedQEMU, NeedX86, NeedFiles), run: cpuLoad},
		{ID: "CPU-05", Title: "haltpoll is the sum over the vCPUs", Needs: require(NeedKStats, NeedX86, NeedFiles), run: cpuHaltpoll},
		{ID: "CPU-06", Title: "haltpoll without KVM", Needs: q, run: cpuHaltpollTCG},
		{ID: "CPU-07", Title: "cache monitors", Needs: require(NeedQEMU, NeedCacheMonitor), run: cpuCacheMonitors},
		{ID: "CPU-08", Title: "an inactive domain has no times", Needs: q, run: cpuInactive},
	}
}

func cpuNames() []string {
	return []string{"cpu.time", "cpu.user", "cpu.system", "cpu.cache.monitor.count", "cpu.haltpoll.success.time", "cpu.haltpoll.fail.time"}
}

func cpuFields(t *T) {
	g := t.small(false)
	r := g.record(domstats.GroupCPU)
	t.wantNames(r, "", cpuNames()...)
	t.want(r, map[string]uint64{"cpu.cache.monitor.count": 0})
}

// spender is a paused guest whose QEMU has spent more user than system time, by so
// much that one cannot pass for the other.
func (t *T) spender(more time.Duration) (*Guest, Process) {
	g := t.disk()
	p := g.process()
	g.do("s")
	t.reaches("user time is above system time by "+more.String(), func() bool {
		t.span(50 * time.Millisecond)
		user, system, err := p.Times()
		t.must(err, "read the process's times")
		return user > system+more
	})
	g.suspend()
	return g, p
}

func cpuProcess(t *T) {
	g, p := t.spender(300 * time.Millisecond)
	user0, system0, err := p.Times()
	t.must(err, "read the process's times")
	r := g.record(domstats.GroupCPU)
	user1, system1, err := p.Times()
	t.must(err, "read the process's times")
	// With cgroups the steps differ by less than two ticks.
	const slack = 20 * time.Millisecond
	within := func(name string, low, high time.Duration) {
		v := time.Duration(t.uint(r, name))
		t.check(v >= low-slack && v <= high+slack, "%s is %s, the process had %s before and %s after", name, v, low, high)
	}
	within("cpu.user", user0, user1)
	within("cpu.system", system0, system1)
	sum := t.uint(r, "cpu.user") + t.uint(r, "cpu.system")
	total := t.uint(r, "cpu.time")
	t.check(max(sum, total)-min(sum, total) <= uint64(slack)+total/100, "cpu.time is %d, user and system are %d together", total, sum)
}

func cpuMonotonic(t *T) {
	g := t.disk()
	g.do("s")
	c := domstats.NewCatalogue()
	last := g.record(domstats.GroupCPU)
	for range 10 {
		g.do("c")
		r := g.record(domstats.GroupCPU)
		t.report(domstats.CheckMonotonic(c, last, r), "under load")
		last = r
	}
}

func cpuLoad(t *T) {
	g := t.disk()
	g.do("s")
	started := time.Now()
	before := g.record(domstats.GroupCPU)
	var wall, grown time.Duration
	t.span(time.Second)
	moves := t.eventually(10*time.Second, func() bool {
		after := g.record(domstats.GroupCPU)
		wall, grown = time.Since(started), time.Duration(t.grew(before, after, "cpu.time"))
		return grown >= 200*time.Millisecond
	})
	t.check(moves && grown <= 2*wall+20*time.Millisecond, "cpu.time of a busy guest grew by %s in %s", grown, wall)
}

func cpuHaltpoll(t *T) {
	// The firmware's prompt halts and is woken by the timer for ever.
	g := t.small(false, func(s *guest.Spec) { s.KVM, s.VCPUs = true, 2 })
	for range 5 {
		before := g.look()
		r := g.record(everything)
		after := g.look()
		for field, stat := range map[string]string{"success": "halt_poll_success_ns", "fail": "halt_poll_fail_ns"} {
			v := t.uint(r, "cpu.haltpoll."+field+".time")
			low, high := before.haltpoll(stat), after.haltpoll(stat)
			t.check(v >= low && v <= high, "cpu.haltpoll.%s.time is %d, the vCPUs had %d before and %d after", field, v, low, high)
			sum := t.uint(r, "vcpu.0."+stat+".sum") + t.uint(r, "vcpu.1."+stat+".sum")
			t.check(v <= sum, "cpu.haltpoll.%s.time is %d, more than the %d of the same record's vCPUs", field, v, sum)
		}
	}
}

func cpuHaltpollTCG(t *T) {
	g := t.small(false)
	t.want(g.record(domstats.GroupCPU), map[string]uint64{"cpu.haltpoll.success.time": 0, "cpu.haltpoll.fail.time": 0})
}

func cpuCacheMonitors(t *T) {
	t.want(t.small(false).record(domstats.GroupCPU), map[string]uint64{"cpu.cache.monitor.count": 0})
	g := t.small(false, func(s *guest.Spec) { s.CacheMonitor = true })
	r := g.record(domstats.GroupCPU)
	t.want(r, map[string]uint64{"cpu.cache.monitor.count": 1})
	const p = "cpu.cache.monitor.0."
	banks := t.uint(r, p+"bank.count")
	t.check(banks > 0, "%sbank.count is 0", p)
	want := append(cpuNames(), p+"name", p+"vcpus", p+"bank.count")
	for i := range banks {
		want = append(want, fmt.Sprintf("%sbank.%d.id", p, i), fmt.Sprintf("%sbank.%d.bytes", p, i))
	}
	t.wantNames(r, "", want...)
	t.wantText(r, p+"vcpus", "0")
	t.wantText(r, p+"name", "vcpus_0")
	seen := map[uint64]bool{}
	for i := range banks {
		id := t.uint(r, fmt.Sprintf("%sbank.%d.id", p, i))
		t.check(!seen[id], "two banks have the id %d", id)
		seen[id] = true
		t.moves(fmt.Sprintf("%sbank.%d.bytes", p, i), t.uint(r, fmt.Sprintf("%sbank.%d.bytes", p, i)) > 0)
	}
	size, _ := r.Lookup(p + "bank.0.bytes")
	t.deviates("KD-12", size.Type == domstats.UInt, "%sbank.0.bytes is %s", p, size.Type)
}

// inactiveTimes are the times that a domain reports although it does not run. No
// other statistic of the group is known to do so.
func (t *T) inactiveTimes(r domstats.Record) []string {
	var times []string
	for _, n := range []string{"cpu.time", "cpu.user", "cpu.system"} {
		if r.Has(n) {
			times = append(times, n)
		}
	}
	t.deviates("KD-1", len(times) > 0, "a shut-off domain reports %v", times)
	return times
}

func cpuInactive(t *T) {
	g := t.define()
	before := g.record(domstats.GroupCPU)
	t.wantNames(before, "", t.inactiveTimes(before)...)
	t.report(domstats.CheckMonotonic(domstats.NewCatalogue(), before, g.record(domstats.GroupCPU)), "of an inactive domain")
}
