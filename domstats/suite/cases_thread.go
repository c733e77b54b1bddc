// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"slices"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

func perfCases() []Case {
	q, p := require(NeedQEMU), require(NeedQEMU, NeedPerf)
	return []Case{
		{ID: "PRF-01", Title: "nothing enabled", Needs: q, run: prfNone},
		{ID: "PRF-02", Title: "software events", Needs: p, run: prfEvents},
		{ID: "PRF-03", Title: "events move", Needs: p, run: prfMove},
		{ID: "PRF-04", Title: "an event that is disabled", Needs: p, run: prfDisable},
		{ID: "PRF-08", Title: "events of the definition", Needs: p, run: prfDefined},
		{ID: "PRF-05", Title: "an event that is refused", Needs: q, run: prfRefused},
	}
}

func softwareEvents() []string {
	return []string{"cpu_clock", "task_clock", "page_faults", "context_switches", "cpu_migrations",
		"page_faults_min", "page_faults_maj", "alignment_faults", "emulation_faults"}
}

func perfNames(events []string) []string {
	var names []string
	for _, e := range events {
		names = append(names, "perf."+e)
	}
	return names
}

func (g *Guest) perf(on bool, events ...string) {
	g.t.must(g.t.conn.SetPerf(g.t.ctx, g.Domain, on, events...), "switch performance events")
}

func prfNone(t *T) { t.wantNames(t.small(true).record(domstats.GroupPerf), "") }

func prfEvents(t *T) {
	g := t.small(true)
	g.perf(true, softwareEvents()...)
	r := g.record(domstats.GroupPerf)
	t.wantNames(r, "", perfNames(softwareEvents())...)
	faults, _ := domstats.CheckTypes(domstats.NewCatalogue(), r)
	t.report(faults, "types")
}

func prfMove(t *T) {
	g := t.small(true)
	g.perf(true, softwareEvents()...)
	before := g.record(domstats.GroupPerf)
	t.silent = true
	c, last := domstats.NewCatalogue(), before
	for range 300 {
		r := g.record(everything)
		t.report(domstats.CheckMonotonic(c, last, r), "while calls load QEMU")
		last = r
	}
	for _, name := range []string{"perf.cpu_clock", "perf.context_switches"} {
		t.check(t.grew(before, last, name) > 0, "%s does not grow over 300 calls", name)
	}
}

func prfDisable(t *T) {
	g := t.small(true)
	g.perf(true, softwareEvents()...)
	g.perf(false, "cpu_clock")
	t.wantNames(g.record(domstats.GroupPerf), "", perfNames(softwareEvents()[1:])...)
}

// prfDefined has events that the definition switches on and off, in two runs.
func prfDefined(t *T) {
	g := t.define(func(s *guest.Spec) {
		s.Perf = map[string]bool{"task_clock": true, "context_switches": true, "cpu_clock": false, "page_faults": false}
	})
	want := perfNames([]string{"task_clock", "context_switches"})
	for range 2 {
		g.start(true)
		t.wantNames(g.record(domstats.GroupPerf), "", want...)
		g.perf(true, "cpu_clock")
		t.wantNames(g.record(domstats.GroupPerf), "", append(want, "perf.cpu_clock")...)
		g.destroy()
		t.wantNames(g.record(domstats.GroupPerf), "")
	}
}

func prfRefused(t *T) {
	g := t.small(true)
	if err := t.conn.SetPerf(t.ctx, g.Domain, true, "cmt"); err == nil {
		t.skipf("this host supports the event cmt")
	} else {
		t.check(domstats.ErrorCode(err) != 0, "the connection broke: %v", err)
	}
	t.wantNames(g.record(domstats.GroupPerf), "")
}

func iothreadCases() []Case {
	q := require(NeedQEMU)
	return []Case{
		{ID: "IOT-01", Title: "no IOThreads", Needs: q, run: iotNone},
		{ID: "IOT-02", Title: "ids with gaps", Needs: q, run: iotSparse},
		{ID: "IOT-03", Title: "settings", Needs: q, run: iotSet},
		{ID: "IOT-04", Title: "adding and deleting", Needs: q, run: iotChange},
		{ID: "IOT-05", Title: "settings of the definition", Needs: q, Since: domstats.MakeVersion(9, 4, 0), run: iotDefinition},
		{ID: "IOT-06", Title: "a value of more than 32 bits", Needs: q, Since: domstats.MakeVersion(11, 0, 0), run: iotWide},
	}
}

func iothreads(list ...guest.IOThread) func(*guest.Spec) {
	return func(s *guest.Spec) { s.IOThreads = list }
}

// iot reads the group and checks which IOThreads are there.
func (g *Guest) iot(ids ...int) domstats.Record {
	r := g.record(domstats.GroupIOThread)
	var names []string
	if len(ids) > 0 {
		names = append(names, "iothread.count")
		g.t.want(r, map[string]uint64{"iothread.count": uint64(len(ids))})
	}
	for _, id := range ids {
		for _, f := range []string{"poll-max-ns", "poll-grow", "poll-shrink"} {
			names = append(names, fmt.Sprintf("iothread.%d.%s", id, f))
		}
	}
	g.t.wantNames(r, "", names...)
	return r
}

func iotNone(t *T) { t.small(true).iot() }

func iotSparse(t *T) {
	g := t.small(true, iothreads(guest.IOThread{ID: 4}, guest.IOThread{ID: 7}))
	r := g.iot(4, 7)
	t.want(r, map[string]uint64{"iothread.4.poll-max-ns": 32768, "iothread.4.poll-grow": 0, "iothread.7.poll-shrink": 0})
}

// wantPolling compares libvirt's record and QEMU's own answer with settings.
func (g *Guest) wantPolling(r domstats.Record, id int, maximum, grow, shrink uint64) {
	t, p := g.t, fmt.Sprintf("iothread.%d.", id)
	t.want(r, map[string]uint64{p + "poll-max-ns": maximum, p + "poll-grow": grow, p + "poll-shrink": shrink})
	list, err := qmp.IOThreads(t.ctx, g)
	t.must(err, "ask QEMU for its IOThreads")
	i := slices.IndexFunc(list, func(x qmp.IOThread) bool { return x.ID == fmt.Sprintf("iothread%d", id) })
	if i < 0 {
		t.errorf("QEMU has no IOThread %d", id)
		return
	}
	want := qmp.IOThread{ID: list[i].ID, PollMax: maximum, PollGrow: grow, PollShrink: shrink}
	equal(t, "QEMU's IOThread", list[i], want)
}

func (g *Guest) setPolling(id uint32, maximum uint64, grow, shrink any) {
	g.t.must(g.t.conn.SetIOThread(g.t.ctx, g.Domain, id, domstats.NewParam("poll_max_ns", maximum),
		domstats.NewParam("poll_grow", grow), domstats.NewParam("poll_shrink", shrink)), "set IOThread %d", id)
}

func iotSet(t *T) {
	g := t.small(true, iothreads(guest.IOThread{ID: 4}))
	g.setPolling(4, 4096, uint32(2), uint32(7))
	g.wantPolling(g.iot(4), 4, 4096, 2, 7)
	// Each alone leaves the others as they are, and 0 is a value.
	for _, tc := range []struct {
		p                     domstats.Param
		maximum, grow, shrink uint64
	}{
		{domstats.NewParam("poll_grow", uint32(3)), 4096, 3, 7},
		{domstats.NewParam("poll_shrink", uint32(0)), 4096, 3, 0},
		{domstats.NewParam("poll_max_ns", uint64(8192)), 8192, 3, 0},
		{domstats.NewParam("poll_shrink", uint32(5)), 8192, 3, 5},
		{domstats.NewParam("poll_max_ns", uint64(0)), 0, 3, 5},
	} {
		t.must(t.conn.SetIOThread(t.ctx, g.Domain, 4, tc.p), "set %s of IOThread 4", tc.p.Name)
		g.wantPolling(g.iot(4), 4, tc.maximum, tc.grow, tc.shrink)
	}
}

func iotChange(t *T) {
	g := t.small(true, iothreads(guest.IOThread{ID: 4}, guest.IOThread{ID: 7}))
	t.must(t.conn.AddIOThread(t.ctx, g.Domain, 2), "add IOThread 2")
	g.iot(2, 4, 7)
	remaining := []int{2, 4, 7}
	for _, id := range []uint32{4, 2, 7} {
		t.must(t.conn.DelIOThread(t.ctx, g.Domain, id), "delete IOThread %d", id)
		remaining = slices.DeleteFunc(remaining, func(x int) bool { return x == int(id) })
		g.iot(remaining...)
	}
}

func iotDefinition(t *T) {
	g := t.small(true, iothreads(guest.IOThread{ID: 1, Poll: &guest.Poll{Max: 500, Grow: 3, Shrink: 5}}))
	g.wantPolling(g.iot(1), 1, 500, 3, 5)
}

func iotWide(t *T) {
	g := t.small(true, iothreads(guest.IOThread{ID: 1}, guest.IOThread{ID: 2}))
	const wide = 5000000000
	g.setPolling(1, 4096, uint64(wide), uint32(0))
	g.setPolling(2, wide+1, uint32(0), uint64(wide+2))
	r := g.iot(1, 2)
	g.wantPolling(r, 1, 4096, wide, 0)
	g.wantPolling(r, 2, wide+1, 0, wide+2)
	p, _ := r.Lookup("iothread.1.poll-grow")
	equal(t, "the type of a wide value", p.Type, domstats.ULLong)
	narrow, _ := r.Lookup("iothread.1.poll-shrink")
	t.deviates("KD-6", narrow.Type != p.Type, "poll-grow is %s, poll-shrink is %s", p.Type, narrow.Type)
}

func memoryCases() []Case {
	return []Case{
		{ID: "MEM-01", Title: "no monitors", Needs: require(NeedQEMU), run: memNone},
		{ID: "MEM-02", Title: "bandwidth monitors", Needs: require(NeedQEMU, NeedBandwidthMonitor), run: memBandwidth},
	}
}

func memNone(t *T) { t.wantNames(t.small(true).record(domstats.GroupMemory), "") }

func memBandwidth(t *T) {
	g := t.small(false, func(s *guest.Spec) { s.BandwidthMonitor = true })
	before := g.record(domstats.GroupMemory)
	const p = "memory.bandwidth.monitor."
	t.want(before, map[string]uint64{p + "count": 1})
	nodes := t.uint(before, p+"0.node.count")
	t.check(nodes > 0, "%s0.node.count is 0", p)
	want := []string{p + "count", p + "0.name", p + "0.vcpus", p + "0.node.count"}
	t.wantText(before, p+"0.vcpus", "0")
	t.wantText(before, p+"0.name", "vcpus_0")
	seen := map[uint64]bool{}
	for i := range nodes {
		id := t.uint(before, fmt.Sprintf("%s0.node.%d.id", p, i))
		t.check(!seen[id], "two nodes have the id %d", id)
		seen[id] = true
		n := fmt.Sprintf("%s0.node.%d.", p, i)
		want = append(want, n+"id", n+"bytes.local", n+"bytes.total")
		local, total := t.uint(before, n+"bytes.local"), t.uint(before, n+"bytes.total")
		t.check(total >= local, "%sbytes.total is %d, less than the local %d", n, total, local)
	}
	t.wantNames(before, "", want...)
	t.report(domstats.CheckMonotonic(domstats.NewCatalogue(), before, g.record(domstats.GroupMemory)), "later")
}
