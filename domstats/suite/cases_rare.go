// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

// rareCases bring about what seldom happens by itself: errors of devices, threads that
// wait long for a CPU, threads that move to another one.
func rareCases() []Case {
	return []Case{
		{ID: "NET-20", Title: "frames that are errors", Needs: require(NeedQEMU, NeedTap, NeedLink, NeedRaw), run: netErrors},
		{ID: "VCP-19", Title: "delays of more than 32 bits", Needs: require(NeedKVM, NeedPID, NeedX86, NeedFiles), run: vcpWideDelay},
		{ID: "PRF-09", Title: "a thread that moves between CPUs", Needs: require(NeedQEMU, NeedPID, NeedPerf), run: prfMigrations},
	}
}

// netErrors puts a device in the place of a tap that counts as errors what it receives.
func netErrors(t *T) {
	const frames = 7
	g, devices := t.named(2)
	t.must(t.host().RenameLink(t.ctx, devices[1], devices[1]+"x"), "rename a device")
	send, remove, err := t.host().MakeFailing(t.ctx, devices[1])
	if err != nil {
		t.skipf("no device fails here: %v", err)
	}
	t.cleanup(func(context.Context) { remove() })
	t.must(send(frames), "send frames that are too large")
	r := g.wantCounts(true, 0, 1)
	t.moves("net.1.tx.errs", t.uint(r, "net.1.tx.errs") > 0)
	for _, name := range []string{"net.0.rx.errs", "net.0.tx.errs", "net.1.rx.errs"} {
		equal(t, name, t.uint(r, name), 0)
	}
}

// vcpWideDelay has four busy vCPUs share one CPU until each has waited for 4.3 s.
func vcpWideDelay(t *T) {
	const n = 4
	g := t.rom(cores(n, n))
	g.do("1", "2", "3")
	p := g.process()
	cpus := g.cpus()
	for _, c := range cpus {
		if _, err := p.Pin(c.ThreadID, 0); err != nil {
			t.skipf("threads of QEMU cannot be bound to a CPU: %v", err)
		}
	}
	t.until(24*atOnce, "a vCPU has waited for 4.3 s", func() bool {
		t.span(wide / 16)
		delay, err := p.Delay(cpus[0].ThreadID)
		t.must(err, "read the delay of a thread")
		return delay > wide+wide/16
	})
	g.suspend()
	for _, c := range cpus {
		g.wantThread(p, c.Index, c.ThreadID)
	}
	name := fmt.Sprintf("vcpu.%d.delay", cpus[0].Index)
	v := t.uint(g.record(domstats.GroupVCPU), name)
	t.check(v > wide, "%s of a thread that has waited for 4.5 s is %s", name, time.Duration(v))
}

// prfMigrations moves QEMU's main thread from one CPU to another and back.
func prfMigrations(t *T) {
	const moves = 40
	g := t.small(false, func(s *guest.Spec) { s.VCPUs = 1 })
	p := g.process()
	events := []string{"cpu_migrations", "page_faults_maj", "page_faults_min", "context_switches"}
	ours := map[string]EventCounter{}
	read := func() map[string]uint64 {
		out := map[string]uint64{}
		for _, e := range events {
			v, err := ours[e].Read()
			t.must(err, "read the count of %s", e)
			out[e] = v
		}
		return out
	}
	for _, e := range events {
		ours[e] = t.countEvent(p, e)
	}
	g.perf(true, softwareEvents()...)
	a, first, b := read(), g.record(domstats.GroupPerf), read()
	for i := range moves {
		several, err := p.Pin(0, i%2)
		if err != nil || !several {
			t.skipf("QEMU cannot be moved to another CPU: %v", err)
		}
		g.record(domstats.GroupBalloon) // work for the main thread
	}
	c, last, d := read(), g.record(domstats.GroupPerf), read()
	for _, e := range events {
		grown := t.grew(first, last, "perf."+e)
		t.check(grown >= c[e]-b[e] && grown <= d[e]-a[e], "perf.%s grew by %d, our own counter by %d to %d", e, grown, c[e]-b[e], d[e]-a[e])
	}
	t.moves("perf.cpu_migrations", t.grew(first, last, "perf.cpu_migrations") > 0)
}
