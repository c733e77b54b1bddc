// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"cmp"
	"slices"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

// A repeated call must leave no memory behind in the daemon. A round has so many calls
// that 32 bytes, the least that an allocation takes, would show if each record or vCPU
// left them behind.
type repeated struct {
	what  string
	calls int
	ask   func()
	band  int64 // growth of a round in KiB that is no leak; 0 means 200
}

func leakCases() []Case {
	return []Case{
		{ID: "CON-18", Title: "calls for domains that lack something leave nothing behind", Needs: require(NeedQEMU, NeedProcess, NeedFiles), Alone: true, Limit: 6 * minute, run: conLacking},
		{ID: "CON-19", Title: "domains that are removed after calls leave nothing behind", Needs: require(NeedQEMU, NeedProcess), Alone: true, Limit: 6 * minute, run: conGone},
		{ID: "DRT-12", Title: "calls after a dirty-ring measurement leave nothing behind", Needs: require(NeedKVM, NeedX86, NeedProcess), Alone: true, Limit: 6 * minute, run: drtLeaks},
	}
}

// conLeaks makes calls and looks at the daemon's process. The daemon is a new one, and again
// after large replies: what they needed and freed would hide small leaks.
func conLeaks(t *T) {
	t.connect()
	t.freshDaemon()
	g, plain := t.full(), t.small(true, cores(16, 16))
	// What leaks for each thread is small: there are enough of them to show.
	for id := uint32(20); id < 36; id++ {
		t.must(t.conn.AddIOThread(t.ctx, g.Domain, id), "add IOThread %d", id)
	}
	t.silent = true
	refused := slices.Repeat([]domstats.Domain{plain.Domain}, 1000)
	t.growsNot(
		repeated{what: "records without IOThreads in lists of 32", calls: 256, ask: t.asksFor(plain, 32, domstats.GroupIOThread), band: 100},
		repeated{what: "refused calls for a list of 1000 domains", calls: 60, ask: func() {
			_, err := t.conn.Stats(t.ctx, refused, bogusGroup, enforce)
			t.wantCode(err, domstats.CodeArgUnsupported, "0x800", "ENFORCE of group 0x800")
		}},
		repeated{what: "records of 16 vCPUs in lists of 50", calls: 14, ask: t.asksFor(plain, 50, domstats.GroupVCPU)})
	t.freshDaemon()
	t.growsNot(
		repeated{what: "records of all groups but vCPUs and the machine in lists of 25", calls: 20, band: 100,
			ask: t.asksFor(g, 25, everything&^(domstats.GroupVCPU|domstats.GroupVM))},
		repeated{what: "calls for all groups", calls: 200, ask: func() { g.recordFlags(everything, domstats.FlagBacking) }})
}

// asksFor is a call for a list that has a guest n times.
func (t *T) asksFor(g *Guest, n int, groups domstats.Group) func() {
	domains := slices.Repeat([]domstats.Domain{g.Domain}, n)
	return func() {
		records, err := t.conn.Stats(t.ctx, domains, groups, domstats.FlagBacking)
		t.must(err, "ask for statistics of a list")
		equal(t, "the number of records", len(records), n)
	}
}

// conLacking asks for domains that take other ways: one does not run, an image is missing,
// the devices of interfaces are gone.
func conLacking(t *T) {
	t.silent = true
	shutOff := t.define(func(s *guest.Spec) {
		for _, letter := range "abcdefgh" {
			s.Disks = append(s.Disks, t.raw("vd"+string(letter), "lack-"+string(letter)+".img"))
		}
	})
	missing := t.define(func(s *guest.Spec) { s.Disks = []guest.Disk{{Target: "vda", File: t.path("lack-missing.img")}} })
	kinds := []repeated{
		{what: "records of 8 disks that do not run in lists of 32", calls: 40, ask: t.asksFor(shutOff, 32, domstats.GroupBlock)},
		{what: "records of a missing image in lists of 32", calls: 30, ask: t.asksFor(missing, 32, domstats.GroupBlock)},
		{what: "records of a domain that does not run in lists of 64", calls: 64, ask: t.asksFor(shutOff, 64, everything&^domstats.GroupBlock)},
	}
	if t.has(NeedTap) && t.has(NeedLink) {
		g, devices := t.named(1)
		t.must(t.host().RenameLink(t.ctx, devices[0], devices[0]+"x"), "rename a device")
		r := g.net()
		t.check(!r.Has("net.0.rx.pkts"), "an interface whose device is gone has net.0.rx.pkts")
		kinds = append(kinds, repeated{what: "records of an interface without a device in lists of 32", calls: 100, ask: t.asksFor(g, 32, domstats.GroupInterface)})
	}
	t.growsNot(kinds...)
	if t.has(NeedPerf) {
		t.eventsClose(t.daemon())
	}
}

// conGone defines a domain, asks for it in each way, and removes it: a daemon that still refers
// to it keeps all of it.
func conGone(t *T) {
	const domains = 60 // of 8 KiB or more each in the daemon
	t.connect()
	t.freshDaemon()
	t.silent = true
	g := t.add(guest.Spec{MemoryKiB: 16384})
	xml, err := g.spec.XML()
	t.must(err, "describe the guest")
	t.growsNot(repeated{what: "domains that are defined, asked for and removed", calls: domains, ask: func() {
		d, err := t.conn.Define(t.ctx, xml)
		t.must(err, "define %s", g.spec.Name)
		g.Domain = d
		equal(t, "the number of records", len(t.stats(everything, domstats.FlagBacking, d)), 1)
		equal(t, "the number of records of active domains", len(t.stats(everything, domstats.FlagActive, d)), 0)
		for _, flags := range []uint32{domstats.FlagInactive, domstats.FlagActive} {
			t.stats(domstats.GroupState, flags)
		}
		_, err = t.conn.Stats(t.ctx, []domstats.Domain{d, d}, bogusGroup, enforce)
		t.wantCode(err, domstats.CodeArgUnsupported, "0x800", "ENFORCE of group 0x800")
		t.must(t.conn.Undefine(t.ctx, d), "undefine it")
	}})
}

// eventsClose runs a domain with events that are switched off, and with events that end with it.
func (t *T) eventsClose(p Process) {
	const runs, most = 5, 20
	g := t.define()
	before := t.descriptors(p)
	for range runs {
		g.start(true)
		g.perf(true, softwareEvents()...)
		g.perf(false, softwareEvents()...)
		g.perf(true, softwareEvents()...)
		g.destroy()
	}
	after := t.descriptors(p)
	t.check(after <= before+most, "the daemon had %d open descriptors before %d runs with events and has %d after them", before, runs, after)
}

// freshDaemon restarts the daemon where it may: what earlier calls needed and freed would take
// up what later ones leave behind.
func (t *T) freshDaemon() bool {
	if !t.has(NeedDaemon) {
		return false
	}
	t.must(t.host().RestartDaemon(t.ctx, nil), "restart the daemon")
	t.reopen()
	return true
}

// drtLeaks asks for the rates of many vCPUs.
func drtLeaks(t *T) {
	const vcpus, calls, records = 64, 20, 50
	t.connect()
	fresh := t.freshDaemon()
	p := t.daemon()
	g := t.small(true, cores(vcpus, vcpus), func(s *guest.Spec) { s.KVM, s.DirtyRing = true, 4096 })
	g.measure(byRing)
	r := g.rate()
	equal(t, "the number of vCPUs with a rate", len(r.Names("dirtyrate.vcpu.")), vcpus)
	t.silent = true
	names := r.Names("")
	course, leaks := t.growth(p, repeated{what: "records of the rates of 64 vCPUs in lists of 50", calls: calls, ask: t.asksFor(g, records, domstats.GroupDirtyRate)})
	t.wantNames(g.dirty(), "", names...)
	if !leaks && !fresh {
		t.skipf("the daemon could not be restarted; not judged: whether calls leave memory behind (KD-17): it has grown by %d KiB in rounds, and what they left may be in memory that it had before", course)
	}
	t.deviates("KD-17", leaks, "the daemon grows by %d KiB in rounds of %d records", course, calls*records)
	// A number and a rate for each vCPU, and some more for what else the daemon does.
	const rates, more = calls * records * vcpus * 16 / 1024, 1024
	t.check(slices.Min(course) <= rates+more, "the daemon grows by %d KiB in rounds, the rates take %d", course, rates)
}

// growsNot repeats each call until a round of it leaves the daemon as large as it was. The
// first rounds take memory that later ones use again, or use what is free; other threads
// take some now and then: only growth in each of the later rounds is a leak.
func (t *T) growsNot(kinds ...repeated) {
	p := t.daemon()
	files := t.descriptors(p)
	if !t.has(NeedDaemon) {
		t.notef("the daemon ran before: a small leak may be in memory that it had, and is not seen")
	}
	for _, k := range kinds {
		if !t.closes(p, k) {
			continue
		}
		course, leaks := t.growth(p, k)
		t.check(!leaks, "the daemon takes more memory in each round of %d %s, by %d KiB", k.calls, k.what, course)
	}
	// Threads and timers of the daemon itself come and go.
	after := t.descriptors(p)
	t.check(after <= files+20, "the daemon had %d open descriptors before all these calls and has %d after them", files, after)
}

// closes makes a few calls and reports whether they leave few files open. A daemon that is
// left with thousands would answer nobody any more.
func (t *T) closes(p Process, k repeated) bool {
	const few, most = 2, 40
	before := t.descriptors(p)
	for range few {
		k.ask()
	}
	after := t.descriptors(p)
	t.check(after <= before+most, "the daemon had %d open descriptors before %d %s and has %d after them", before, few, k.what, after)
	return after <= before+most
}

// growth is by how many KiB the daemon grew in each round, and whether that is a leak.
func (t *T) growth(p Process, k repeated) (course []int64, leaks bool) {
	const warm, most, usual = 2, 6, 200
	for round := range most {
		before := t.private(p)
		for range k.calls {
			k.ask()
		}
		course = append(course, int64(t.private(p))-int64(before))
		if leaks = course[round] > cmp.Or(k.band, usual); round >= warm && !leaks {
			break
		}
	}
	t.notef("the daemon's memory grows by %d KiB in rounds of %d %s", course, k.calls, k.what)
	return course, leaks
}

// daemon is the process of the daemon as it is now.
func (t *T) daemon() Process {
	p, err := t.host().Daemon(t.ctx)
	t.must(err, "find the daemon's process")
	return p
}

func (t *T) descriptors(p Process) int {
	n, err := p.Descriptors()
	t.must(err, "count the daemon's descriptors")
	return n
}

func (t *T) private(p Process) uint64 {
	kib, err := p.Private()
	t.must(err, "read the daemon's memory")
	return kib
}
