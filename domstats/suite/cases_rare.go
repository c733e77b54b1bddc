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
// wait long for a CPU, threads that move to another one, memory that is read from a file.
func rareCases() []Case {
	return []Case{
		{ID: "NET-20", Title: "frames that are errors", Needs: require(NeedQEMU, NeedTap, NeedLink, NeedRaw), run: netErrors},
		{ID: "NET-21", Title: "the directions of a macvtap interface", Needs: require(NeedQEMU, NeedTap, NeedLink, NeedRaw), run: netHostsView},
		{ID: "NET-22", Title: "devices whose names end alike", Needs: require(NeedQEMU, NeedTap, NeedLink, NeedRaw), run: netEnds},
		{ID: "VCP-19", Title: "delays of more than 32 bits", Needs: require(NeedKVM, NeedPID, NeedX86, NeedFiles), run: vcpWideDelay},
		{ID: "PRF-09", Title: "a thread that moves between CPUs", Needs: require(NeedQEMU, NeedPID, NeedPerf), run: prfMigrations},
		{ID: "PRF-11", Title: "page faults that read a file", Needs: require(NeedQEMU, NeedPID, NeedPerf), run: prfMajor},
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

// netHostsView puts a macvtap device, whose directions are the guest's, in the place of a
// tap that libvirt does not manage.
func netHostsView(t *T) {
	const small, large = 40, 7
	name := t.link()
	remove, err := t.host().MakeTap(t.ctx, name)
	t.must(err, "make a tap")
	t.cleanup(func(context.Context) { remove() })
	g := t.small(true, nics(guest.NIC{Model: "e1000", MAC: mac(3)}, guest.NIC{Model: "e1000", MAC: mac(4), Device: name}))
	t.must(t.host().RenameLink(t.ctx, name, name+"x"), "rename the tap")
	t.cleanup(func(ctx context.Context) {
		if err := t.host().RenameLink(ctx, name+"x", name); err != nil {
			t.errorf("the tap could not be renamed back: %v", err)
		}
	})
	send, unmake, err := t.host().MakeClosedMacvtap(t.ctx, name)
	if err != nil {
		t.skipf("no macvtap device can be made here: %v", err)
	}
	t.cleanup(func(context.Context) { unmake() })
	t.must(send(small, large), "send frames to the macvtap device")
	r := g.net()
	swapped := t.uint(r, "net.1.tx.pkts") >= small && t.uint(r, "net.1.rx.pkts") < small
	t.deviates("KD-16", swapped, "net.1.tx.pkts is %d and net.1.rx.pkts %d after %d frames to the interface", t.uint(r, "net.1.tx.pkts"), t.uint(r, "net.1.rx.pkts"), small)
	r = g.wantCounts(swapped, 1)
	t.wantText(r, "net.1.name", name)
	if !swapped {
		t.check(t.uint(r, "net.1.rx.pkts") >= small, "net.1.rx.pkts is %d after %d frames", t.uint(r, "net.1.rx.pkts"), small)
		t.moves("net.1.rx.errs", t.uint(r, "net.1.rx.errs") > 0)
	}
	g.wantCounts(true, 0)
}

// netEnds makes devices, before the tap, that have its name at the end of theirs.
func netEnds(t *T) {
	const frames = 1400 // a tap keeps 1000 of them
	var others []string
	for c := 'a'; c <= 'h'; c++ {
		name := fmt.Sprintf("lcs%c%s0", c, t.link())
		remove, err := t.host().MakeBridge(t.ctx, name)
		t.must(err, "make a bridge")
		t.cleanup(func(context.Context) { remove() })
		others = append(others, name)
	}
	g, devices := t.named(1)
	dropped := func(device string) uint64 {
		c, err := t.host().NetDev(device)
		t.must(err, "read the counters of %s", device)
		return c.TxDropped
	}
	t.must(t.host().SendFrames(devices[0], frames), "send frames to the interface")
	before := dropped(devices[0])
	r := g.net()
	v, after := t.uint(r, "net.0.rx.drop"), dropped(devices[0])
	for _, name := range others {
		equal(t, "what "+name+", which nobody uses, has dropped", dropped(name), 0)
	}
	t.wantText(r, "net.0.name", devices[0])
	t.moves("net.0.rx.drop", before > 0)
	another := v == 0 && before > 0
	t.check(another || v >= before && v <= after, "net.0.rx.drop is %d, the host's device had %d before and %d after", v, before, after)
	t.deviates("KD-15", another, "net.0.rx.drop is %d, the host's device has dropped %d frames: another device's name ends with %s", v, before, devices[0])
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

// besideOurs compares by how much events grow over some work with counters of our own.
func (g *Guest) besideOurs(events []string, work func()) (grown map[string]uint64) {
	t, p, ours := g.t, g.process(), map[string]EventCounter{}
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
		ours[e] = t.countEvent(p, e, false)
	}
	g.perf(true, softwareEvents()...)
	a, first, b := read(), g.record(domstats.GroupPerf), read()
	work()
	c, last, d := read(), g.record(domstats.GroupPerf), read()
	grown = map[string]uint64{}
	for _, e := range events {
		grown[e] = t.grew(first, last, "perf."+e)
		t.check(grown[e] >= c[e]-b[e] && grown[e] <= d[e]-a[e], "perf.%s grew by %d, our own counter by %d to %d", e, grown[e], c[e]-b[e], d[e]-a[e])
	}
	return grown
}

// prfMigrations moves QEMU's main thread from one CPU to another and back.
func prfMigrations(t *T) {
	const moves = 40
	g := t.small(false, func(s *guest.Spec) { s.VCPUs = 1 })
	p := g.process()
	grown := g.besideOurs([]string{"cpu_migrations", "page_faults_maj", "page_faults_min", "context_switches"}, func() {
		for i := range moves {
			several, err := p.Pin(0, i%2)
			if err != nil || !several {
				t.skipf("QEMU cannot be moved to another CPU: %v", err)
			}
			g.record(domstats.GroupBalloon) // work for the main thread
		}
	})
	t.moves("perf.cpu_migrations", grown["cpu_migrations"] > 0)
}

// prfMajor has QEMU's main thread read memory of the guest, which is a file that nobody has read
// before.
func prfMajor(t *T) {
	const pages, distance = 24, 4 << 20 // one huge page would hold neighbours
	g := t.small(true, func(s *guest.Spec) { s.MemoryKiB, s.FileMemory = 131072, true })
	grown := g.besideOurs([]string{"page_faults", "page_faults_min", "page_faults_maj", "alignment_faults", "emulation_faults"}, func() {
		for i := range pages {
			g.human("xp /1xb %#x", (i+1)*distance)
		}
	})
	t.notef("perf.page_faults grew by %d, perf.page_faults_maj by %d over reads of %d pages", grown["page_faults"], grown["page_faults_maj"], pages)
	t.moves("perf.page_faults_maj", grown["page_faults_maj"] > 0)
}
