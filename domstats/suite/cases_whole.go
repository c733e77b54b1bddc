// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func wholeCases() []Case {
	p := require(NeedQEMU, NeedPID)
	return []Case{
		{ID: "LIF-09", Title: "the daemon restarts under a full guest", Needs: require(NeedQEMU, NeedX86, NeedPID, NeedDaemon, NeedFiles), Alone: true, run: lifFullRestart},
		{ID: "LIF-10", Title: "guests end during calls", Needs: p, Apart: true, Limit: 6 * minute, run: lifRaces},
		{ID: "CON-14", Title: "many calls leave nothing behind", Needs: require(NeedQEMU, NeedProcess, NeedFiles), Alone: true, Limit: 6 * minute, run: conLeaks},
		{ID: "CON-17", Title: "calls that succeed log no error", Needs: require(NeedQEMU, NeedFiles, NeedLog), Alone: true, run: conLog},
		{ID: "CON-15", Title: "statistics while memory is saved", Needs: require(NeedQEMU, NeedFiles), run: conSave},
		{ID: "CON-16", Title: "statistics during a backup", Needs: require(NeedQEMU, NeedFiles), run: conBackup},
	}
}

// full is a paused guest with statistics of each group that this machine supports.
func (t *T) full() *Guest {
	kvm := t.has(NeedKStats)
	g := t.small(true, func(s *guest.Spec) {
		s.KVM = kvm
		s.VCPUs, s.MaxVCPUs = 2, 4
		s.IOThreads = []guest.IOThread{{ID: 3}, {ID: 8}}
		s.Disks = []guest.Disk{t.raw("vda", "full-a.img"), {Target: "vdb", Format: "qcow2", File: t.file("full-b.qcow2", guest.QCOW2(guest.DiskSize, "", ""), 0)}}
		if t.has(NeedTap) {
			s.NICs = []guest.NIC{{Model: "e1000", MAC: mac(1)}, {Model: "e1000", MAC: mac(2)}}
		}
	})
	g.setPolling(8, 4096, uint32(2), uint32(7))
	t.must(t.conn.SetThreshold(t.ctx, g.Domain, "vdb", 5<<30+1), "set a threshold")
	if t.has(NeedPerf) {
		g.perf(true, softwareEvents()...)
	}
	return g
}

// reopen opens a connection to a daemon that was restarted.
func (t *T) reopen() {
	t.conn.Close()
	var fresh Conn
	t.until(5*time.Minute, "the daemon answers again", func() bool {
		c, err := t.run.o.Stack.Open(t.ctx, ReadWrite)
		fresh = c
		return err == nil
	})
	t.conn = fresh
	t.cleanup(func(context.Context) { fresh.Close() })
}

// ballooned is a paused guest that gave memory back and told its statistics, with
// its record.
func (t *T) ballooned() (*Guest, domstats.Record) {
	const kib = 49152
	g := t.disk(func(s *guest.Spec) { s.IOThreads = []guest.IOThread{{ID: 2}} })
	g.target(kib)
	g.do("b")
	g.tell()
	t.until(12*atOnce, "the guest gives memory back", func() bool { return t.uint(g.balloon(), "balloon.current") == kib })
	g.suspend()
	return g, g.record(everything)
}

// lifFullRestart has a guest with devices of each kind. Some were plugged in while it ran.
func lifFullRestart(t *T) {
	g := t.full()
	g.plug(3, true)
	g.attachDisk(t.raw("vdc", "full-c.img"))
	t.must(t.conn.AddIOThread(t.ctx, g.Domain, 5), "add IOThread 5")
	if t.has(NeedTap) {
		g.attachNIC(guest.NIC{Model: "e1000", MAC: mac(3)})
	}
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k")
	small, smaller := t.ballooned()
	before := g.recordFlags(everything, domstats.FlagBacking)
	t.must(t.host().RestartDaemon(t.ctx, nil), "restart the daemon")
	t.reopen()
	r := small.record(everything)
	t.wantNames(r, "", smaller.Names("")...)
	t.wantStill(smaller, r)
	after := g.recordFlags(everything, domstats.FlagBacking)
	t.wantNames(after, "", before.Names("")...)
	t.report(domstats.CheckMonotonic(domstats.NewCatalogue(), withoutPerf(before), after), "over the restart")
	now := after.Map()
	for _, p := range before.Params {
		if still(p.Name) {
			equal(t, p.Name+" after the restart", now[p.Name].Value, p.Value)
		}
	}
	g.bracket(g.schema(), true)
	if t.has(NeedPerf) {
		calls := func() {
			for range 20 {
				g.record(everything)
			}
		}
		first := g.record(domstats.GroupPerf)
		calls()
		t.check(t.grew(first, g.record(domstats.GroupPerf), "perf.context_switches") > 0, "perf.context_switches did not move over 20 calls after the restart")
		g.besideOurs([]string{"context_switches", "page_faults"}, calls) // which enables them again
	}
}

// withoutPerf leaves out the events, whose counts begin again with the daemon.
func withoutPerf(r domstats.Record) domstats.Record {
	out := domstats.Record{Domain: r.Domain}
	for _, p := range r.Params {
		if !strings.HasPrefix(p.Name, "perf.") {
			out.Params = append(out.Params, p)
		}
	}
	return out
}

// still reports whether a statistic of a paused guest stays as it is.
func still(name string) bool {
	switch prefix, _, _ := strings.Cut(name, "."); prefix {
	case "block", "iothread", "dirtyrate", "state":
		return true
	case "net":
		return strings.HasSuffix(name, ".name") || name == "net.count"
	case "balloon":
		return name != "balloon.rss"
	case "vcpu":
		return name == "vcpu.current" || name == "vcpu.maximum" || strings.HasSuffix(name, ".state")
	}
	return false
}

// lifRaces calls while guests end in each way. All of them are paused: a call for the running
// ones as well would wait for a QEMU that another case has stopped, and take its job.
func lifRaces(t *T) {
	const span = time.Minute
	steady := t.small(true)
	ctx, cancel := context.WithTimeout(t.ctx, span)
	defer cancel()
	var all sync.WaitGroup
	var failed, calls atomic.Int64
	for range 3 {
		c := t.open(ReadWrite)
		all.Go(func() {
			for ctx.Err() == nil {
				records, err := c.Stats(t.ctx, nil, everything, domstats.FlagBacking|domstats.FlagPaused)
				calls.Add(1)
				code := domstats.ErrorCode(err)
				switch {
				case err == nil:
					_, ok := byName(records, steady.Name)
					t.check(ok, "the record of the steady domain is missing")
				case code == domstats.CodeSystem || code == domstats.CodeInternal || code == domstats.CodeNoDomain:
					failed.Add(1)
				default:
					t.fatalf("a call failed: %v", err)
				}
			}
		})
	}
	victims := []*Guest{t.add(steady.spec), t.add(steady.spec)}
	for i, g := range victims {
		c := t.open(ReadWrite)
		all.Go(func() { t.shortLives(ctx, c, g, i == 0) })
	}
	all.Wait()
	t.deviates("KD-3", failed.Load() > 0, "%d of %d calls failed", failed.Load(), calls.Load())
	t.check(complete(steady.record(everything)), "the record of the steady domain is not full afterwards")
}

// shortLives creates a guest and ends it, until ctx does.
func (t *T) shortLives(ctx context.Context, c Conn, g *Guest, kill bool) {
	xml, err := g.spec.XML()
	if err != nil {
		t.fatalf("cannot describe the guest: %v", err)
	}
	for ctx.Err() == nil {
		d, err := c.Create(t.ctx, xml, true)
		if err != nil {
			if domstats.ErrorCode(err) != 0 && kill { // the killed one may not be gone yet
				continue
			}
			t.fatalf("cannot create a guest: %v", err)
		}
		if kill {
			if p, err := t.host().Process(t.ctx, g.spec.Name); err == nil {
				// It may be gone by now.
				_ = p.Signal(SigKill)
			}
			continue
		}
		if err := c.Destroy(t.ctx, d); err != nil {
			t.fatalf("cannot destroy the guest: %v", err)
		}
	}
}

// conLog requests all groups of domains that lack something, which is no
// error: the daemon's log is for what is.
func conLog(t *T) {
	full, emulated := t.full(), t.small(false, nics(t.userNICs(3)...))
	off := t.define(func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", File: t.path("missing.img"), Optional: true}, {Target: "vdb", File: t.path("lost.img")},
			{Target: "hdc", Device: "cdrom"}, t.raw("vdc", "log.img")}
	})
	list := []domstats.Domain{full.Domain, emulated.Domain, off.Domain}
	t.stats(everything, domstats.FlagBacking, list...) // what is looked up once may be missing
	_, before := t.host().ErrorsSince(0)
	const rounds = 5
	for range rounds {
		t.stats(everything, domstats.FlagBacking, list...)
		t.stats(everything, nowait, list...)
	}
	for _, info := range domstats.Groups() {
		t.stats(info.Group, 0, list...)
	}
	t.span(300 * time.Millisecond) // the log comes through a pipe
	lines, now := t.host().ErrorsSince(before)
	for _, line := range lines {
		// Messages about closed connections do not count.
		t.check(strings.Contains(line, "virNetSocket"), "%d errors in the daemon's log over calls that succeed: %s", now-before, line)
	}
}

// whileBusy asks for everything while a job of the domain goes on.
func (g *Guest) whileBusy(what string, want []string) {
	t := g.t
	ask := func(flags uint32) (r domstats.Record) {
		a := t.wait(t.background(everything, flags, g.Domain))
		t.must(a.err, "ask while %s", what)
		t.quick("a call while "+what, a.took, atOnce)
		equal(t, "the number of records", len(a.records), 1)
		for _, r = range a.records {
		}
		return r
	}
	for range 5 {
		t.wantNames(ask(0), "", want...)
	}
	// The job that goes on asks QEMU now and then, for which it takes the domain's own.
	var r domstats.Record
	if !t.eventually(atOnce, func() bool { r = ask(nowait); return complete(r) }) {
		t.errorf("while %s a call with NOWAIT never has what needs QEMU", what)
	}
	t.wantNames(r, "", want...)
}

func conSave(t *T) {
	g := t.small(false, func(s *guest.Spec) { s.MemoryKiB = 65536 })
	g.stuck("saved", reasonSaving, reasonSaveCanceled, func(c Conn, path string) error { return c.Save(t.ctx, g.Domain, path) })
}

// stuck writes the memory of a running guest into a pipe from which nothing is read, and ends
// that. The guest is paused meanwhile and runs afterwards, each for a reason.
func (g *Guest) stuck(done string, during, after uint64, write func(c Conn, path string) error) {
	t := g.t
	want := g.record(everything).Names("")
	path, release, err := t.host().HoldPipe(t.fileName("pipe"))
	t.must(err, "make a pipe")
	c := t.open(ReadWrite)
	over := make(chan error, 1)
	go func() { over <- write(c, path) }()
	t.until(6*atOnce, "the memory is on its way", func() bool {
		select {
		case err := <-over:
			t.fatalf("the memory is %s at once: %v", done, err)
		default:
		}
		r := g.record(domstats.GroupState)
		why, _ := r.Uint("state.reason")
		return t.uint(r, "state.state") == paused && why == during
	})
	g.whileBusy("the memory is "+done, want)
	_ = t.conn.AbortJob(t.ctx, g.Domain) // it may have failed by itself
	release()
	select {
	case err := <-over:
		// The pipe has no reader.
		t.check(err != nil, "the memory is %s though the pipe was closed", done)
		g.state(running, after)
	case <-t.ctx.Done():
		t.fatalf("the memory is never %s", done)
	}
}

func conBackup(t *T) {
	g := t.small(false, func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", Format: "qcow2", File: t.file("vda.qcow2", guest.QCOW2(guest.DiskSize, "", ""), 0)}}
	})
	want := g.record(everything).Names("")
	xml := fmt.Sprintf(`<domainbackup mode='pull'><server transport='unix' socket='%s'/><disks><disk name='vda' backup='yes' type='file'>`+
		`<scratch file='%s'/></disk></disks></domainbackup>`, t.path("nbd.sock"), t.path("scratch"))
	t.must(t.conn.Backup(t.ctx, g.Domain, xml), "start a backup")
	g.whileBusy("a backup runs", want)
	t.must(t.conn.AbortJob(t.ctx, g.Domain), "end the backup")
}
