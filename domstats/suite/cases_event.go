// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// eventCases have guests that pause, end or let go of memory without a request to libvirt, or
// are asked for their statistics.
func eventCases() []Case {
	q, x := require(NeedQEMU, NeedFiles), require(NeedQEMU, NeedX86, NeedFiles)
	return []Case{
		{ID: "STA-11", Title: "an I/O error pauses the guest", Needs: require(NeedQEMU, NeedX86, NeedFiles, NeedNBD), run: staIOError},
		{ID: "STA-12", Title: "the watchdog pauses the guest", Needs: require(NeedQEMU, NeedX86), run: staWatchdog},
		{ID: "STA-13", Title: "a start that fails", Needs: q, run: staFailedStart},
		{ID: "STA-14", Title: "a crash ends the domain", Needs: x, run: staCrashEnds},
		{ID: "BAL-18", Title: "how often QEMU asks for the guest's statistics", Needs: require(NeedQEMU), run: balPeriod},
		{ID: "BAL-19", Title: "a memory module that is plugged out", Needs: require(NeedQEMU, NeedX86), Idle: true, run: balModuleOut},
	}
}

// staIOError has the guest read a disk whose server is gone. The request waits for the guest to
// be resumed and counts when it is done.
func staIOError(t *T) {
	socket, _, stop, err := t.host().ServeNBD(t.ctx, t.file("vdb.img", nil, guest.DiskSize))
	t.must(err, "serve a disk")
	defer stop()
	g := t.disk(func(s *guest.Spec) {
		s.Disks = append(s.Disks, guest.Disk{Target: "vdb", NBD: socket, Boot: 2, Pauses: true})
	})
	g.do("n", "r")
	before := g.blk()
	stop()
	ctx, cancel := context.WithCancel(t.ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		// A paused guest does not answer.
		_ = g.port.Do(ctx, "r")
	}()
	defer func() {
		cancel()
		<-over
	}()
	g.state(paused, reasonIOError)
	g.runState("io-error")
	t.moved(before, g.blk(), "vda", nil)
	t.moved(before, g.blk(), "vdb", nil)
	g.destroy()
}

// staWatchdog ends the time of a watchdog through QEMU's monitor.
func staWatchdog(t *T) {
	g := t.small(false, func(s *guest.Spec) { s.Watchdog = true })
	g.human("o /b 0x443 0xf") // the shortest time of this device is none
	g.state(paused, reasonWatchdog)
	g.runState("watchdog")
	g.resume()
	g.state(running, 5)
}

// staFailedStart starts a domain before and after the file of a disk is there.
func staFailedStart(t *T) {
	const name = "lost.img"
	g := t.define(func(s *guest.Spec) {
		s.Disks = []guest.Disk{t.raw("vda", "there.img"), {Target: "vdb", File: t.path(name)}}
	})
	_, err := t.conn.Start(t.ctx, g.Domain, true)
	if domstats.ErrorCode(err) == 0 {
		t.fatalf("a start without the file of a disk gives: %v", err)
	}
	r := g.state(shutOff, reasonFailed)
	equal(t, "the id after a start that failed", r.Domain.ID, -1)
	r = g.record(everything)
	t.onlyInactive(r)
	t.want(r, map[string]uint64{"block.count": 2})

	t.file(name, nil, guest.DiskSize)
	g.start(true)
	g.state(paused, 1)
	r = g.record(everything)
	t.check(complete(r), "the record is not full after a start that failed and one that did not")
	t.want(r, map[string]uint64{"block.count": 2, "block.1.capacity": guest.DiskSize})
}

// staCrashEnds has a guest that panics, whose domain is destroyed then.
func staCrashEnds(t *T) {
	g := t.persistentDisk(func(s *guest.Spec) { s.Panic, s.OnCrash = true, "destroy" })
	g.doUntilAnswered("P")
	r := g.state(shutOff, reasonCrashed)
	equal(t, "the id", r.Domain.ID, -1)
	t.onlyInactive(g.record(everything))
}

// balPeriod has a period in the definition, which a run may change for itself.
func balPeriod(t *T) {
	const defined = 3
	g := t.define(func(s *guest.Spec) { s.Period = defined })
	wantPeriod := func(when string, want int64) {
		got, err := qmp.BalloonPeriod(t.ctx, g, g.balloonPath())
		t.must(err, "ask QEMU for the period")
		equal(t, "QEMU's period in seconds "+when, got, want)
	}
	for range 2 {
		g.start(true)
		wantPeriod("as defined", defined)
		for _, seconds := range []int32{7, 0, 5} {
			t.must(t.conn.SetMemoryStatsPeriod(t.ctx, g.Domain, seconds), "set the period to %d s", seconds)
			wantPeriod("as set", int64(seconds))
		}
		g.destroy()
	}
}

// balModuleOut lets go of one of two memory modules in place of the guest, which ignores the
// request.
func balModuleOut(t *T) {
	const memory, first, second = 65536, 131072, 262144
	g := t.small(false, func(s *guest.Spec) { s.MemoryKiB, s.SlotsKiB = memory, 1<<20 })
	for _, kib := range []uint64{first, second} {
		t.must(t.conn.Attach(t.ctx, g.Domain, module(kib)), "plug a memory module in")
	}
	want := func(kib uint64) {
		r := g.balloon()
		t.want(r, map[string]uint64{"balloon.current": kib, "balloon.maximum": kib})
		actual, err := qmp.Balloon(t.ctx, g)
		t.must(err, "ask QEMU for the balloon")
		equal(t, "QEMU's balloon", actual, kib*1024)
	}
	want(memory + first + second)
	t.must(t.conn.Detach(t.ctx, g.Domain, module(first)), "plug a memory module out")
	want(memory + first + second) // the guest still has it
	// The registers of ACPI: the slot of the module, and that the guest lets it go.
	g.human("o /w 0xa00 0")
	g.human("o /b 0xa14 8")
	t.eventually(10*time.Second, func() bool { return t.uint(g.balloon(), "balloon.maximum") == memory+second })
	want(memory + second)
}
