// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// States and reasons, as libvirt numbers them.
const (
	running     = 1
	paused      = 3
	shutOff     = 5
	crashed     = 6
	pmSuspended = 7

	reasonSaving   = 3 // of paused
	reasonDumping  = 4
	reasonIOError  = 5
	reasonWatchdog = 6

	reasonSaveCanceled  = 7 // of running
	reasonCrashedBefore = 9
	reasonReverted      = 4

	reasonCrashed = 3 // of shut off
	reasonFailed  = 6

	reasonRevertedPaused = 7 // of paused and of shut off
)

func stateCases() []Case {
	q, x := require(NeedQEMU), require(NeedQEMU, NeedX86, NeedFiles)
	return []Case{
		{ID: "STA-01", Title: "booted", Needs: q, run: staBooted},
		{ID: "STA-02", Title: "start paused, suspend, resume", Needs: q, run: staPaused},
		{ID: "STA-03", Title: "defined only", Needs: q, run: staDefined},
		{ID: "STA-04", Title: "the guest powers off", Needs: x, run: staPowerOff},
		{ID: "STA-05", Title: "destroyed", Needs: q, run: staDestroyed},
		{ID: "STA-06", Title: "managed save and start", Needs: x, run: staManagedSave},
		{ID: "STA-07", Title: "asleep", Needs: x, Alone: true, run: staAsleep},
		{ID: "STA-08", Title: "crashed", Needs: x, Alone: true, run: staCrashed},
		{ID: "STA-09", Title: "QEMU is killed", Needs: require(NeedQEMU, NeedPID), run: staKilled},
		{ID: "STA-10", Title: "a reset keeps the counters", Needs: x, run: staReset},
	}
}

func (g *Guest) runState(want string) {
	got, err := qmp.Status(g.t.ctx, g)
	g.t.must(err, "ask QEMU for its state")
	equal(g.t, "QEMU's state", got, want)
}

func staBooted(t *T) {
	g := t.small(false)
	g.state(running, 1)
	g.runState("running")
}

func staPaused(t *T) {
	g := t.small(true)
	g.state(paused, 1)
	g.resume()
	g.state(running, 5)
	g.runState("running")
	g.suspend()
	g.state(paused, 1)
	g.runState("paused")
	g.resume()
	g.state(running, 5)
	// QEMU pauses by itself for a reason that libvirt does not know.
	g.human("stop")
	g.state(paused, 0)
	g.human("cont")
	g.state(running, 5)
}

func staDefined(t *T) { t.define().state(shutOff, 0) }

// persistentDisk starts the scripted guest as a persistent domain.
func (t *T) persistentDisk(changes ...func(*guest.Spec)) *Guest {
	g := t.diskSpec(changes...)
	xml, err := g.spec.XML()
	t.must(err, "describe the guest")
	g.Domain, err = t.conn.Define(t.ctx, xml)
	t.must(err, "define %s", g.spec.Name)
	g.start(false)
	g.attachPort()
	t.must(g.port.Ready(t.ctx), "wait for %s", g.spec.Name)
	return g
}

func staPowerOff(t *T) {
	g := t.persistentDisk()
	g.giveBack(givenKiB)
	g.doUntilAnswered("x")
	g.state(shutOff, 1)
	// The next run begins as it is defined.
	t.want(g.balloon(), map[string]uint64{"balloon.current": fullKiB, "balloon.maximum": fullKiB})
}

// givenKiB is what the scripted guest keeps after it gave memory back.
const givenKiB = 49152

// giveBack makes the guest keep less memory.
func (g *Guest) giveBack(kib uint64) {
	g.target(kib)
	g.do("b")
	g.t.until(12*atOnce, "the guest gives memory back", func() bool { return g.t.uint(g.balloon(), "balloon.current") == kib })
}

func staDestroyed(t *T) {
	g := t.define()
	g.start(false)
	g.state(running, 1)
	g.destroy()
	g.state(shutOff, 2)
}

func staManagedSave(t *T) {
	g := t.persistentDisk()
	g.do("r", "r", "w")
	g.giveBack(givenKiB)
	before := g.record(everything)
	t.must(t.conn.ManagedSave(t.ctx, g.Domain), "save it")
	g.state(shutOff, 5)
	g.start(false)
	g.state(running, 3)
	r := g.record(everything)
	t.restarted(before, r)
	t.want(r, map[string]uint64{"balloon.current": givenKiB, "balloon.maximum": fullKiB})
	actual, err := qmp.Balloon(t.ctx, g)
	t.must(err, "ask QEMU for the balloon")
	equal(t, "QEMU's balloon", actual, givenKiB*1024)
}

// restarted checks that a new QEMU counts from the start again.
func (t *T) restarted(before, after domstats.Record) {
	compared := 0
	for _, p := range before.Params {
		counter := p.Name == "block.0.rd.bytes" || p.Name == "vcpu.0.exits.sum"
		if old, ok := p.Uint(); counter && ok && old > 0 {
			now := t.uint(after, p.Name)
			t.check(now < old, "%s is %d after %d in the old process", p.Name, now, old)
			compared++
		}
	}
	t.check(compared > 0, "no counter had moved")
}

// wantOther checks that the filters count the state of the guest as another one than running,
// paused and shut off.
func (g *Guest) wantOther() {
	for filter, want := range map[uint32]bool{
		domstats.FlagOther: true, domstats.FlagRunning: false, domstats.FlagPaused: false, domstats.FlagShutOff: false,
		domstats.FlagActive: true, domstats.FlagInactive: false,
	} {
		names := domainNames(g.t.ours(domstats.GroupState, filter))
		g.t.check(slices.Contains(names, g.Name) == want, "the filter %s gives %v", domstats.FlagNames(filter), names)
	}
}

func staAsleep(t *T) {
	g := t.disk(func(s *guest.Spec) { s.S3 = true })
	full := g.record(everything).Names("")
	g.doUntilAnswered("z")
	g.state(pmSuspended, 0)
	g.wantOther()
	t.wantNames(g.record(everything), "", full...)
	t.must(t.conn.Wakeup(t.ctx, g.Domain), "wake it up")
	g.state(running, 8)
}

func staCrashed(t *T) {
	g := t.disk(func(s *guest.Spec) { s.Panic = true }) // VM-05 has one with KVM
	g.doUntilAnswered("P")
	g.state(crashed, 1)
	g.wantOther()
}

func staKilled(t *T) {
	g := t.define()
	g.start(false)
	g.state(running, 1)
	t.must(g.process().Signal(SigKill), "kill QEMU")
	r := g.state(shutOff, 3)
	t.check(r.Domain.ID == -1, "the id is %d", r.Domain.ID)
	t.onlyInactive(g.record(everything))
}

// onlyInactive checks that a record has what a domain that does not run may have.
func (t *T) onlyInactive(r domstats.Record) {
	c := domstats.NewCatalogue()
	for _, p := range r.Params {
		s, known := c.Lookup(p.Name)
		// The CPU times are KD-1, which LIF-01 and CPU-08 judge.
		if known && !s.Inactive && !strings.HasPrefix(p.Name, "cpu.") {
			t.errorf("%s is reported of an inactive domain", p.Name)
		}
	}
}

func staReset(t *T) {
	g := t.disk()
	g.do("r", "w")
	before := g.record(everything)
	t.must(t.conn.Reset(t.ctx, g.Domain), "reset it")
	g.state(running, 1)
	t.must(g.port.Ready(t.ctx), "wait for it to start again")
	after := g.record(everything)
	t.report(domstats.CheckMonotonic(domstats.NewCatalogue(), before, after), "after the reset")
	t.until(10*time.Second, "it reads its disk again", func() bool {
		return t.grew(before, g.record(everything), "block.0.rd.reqs") >= 2
	})
}
