// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"errors"
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func lifecycleCases() []Case {
	q, p := require(NeedQEMU), require(NeedQEMU, NeedPID)
	return []Case{
		{ID: "LIF-01", Title: "the fields of an inactive domain", Needs: require(NeedQEMU, NeedFiles), run: lifInactive},
		{ID: "LIF-02", Title: "undefined while running", Needs: q, Alone: true, run: lifUndefined},
		{ID: "LIF-03", Title: "a transient domain that is gone", Needs: q, run: lifGone},
		{ID: "LIF-04", Title: "another domain vanishes during the call", Needs: p, run: lifOtherVanishes},
		{ID: "LIF-05", Title: "the blocked domain is destroyed", Needs: p, Idle: true, run: lifBlockedDestroyed},
		{ID: "LIF-06", Title: "the blocked domain is killed", Needs: p, run: lifBlockedKilled},
		{ID: "LIF-07", Title: "the daemon restarts", Needs: require(NeedQEMU, NeedPID, NeedDaemon), Alone: true, run: lifDaemonRestart},
		{ID: "LIF-08", Title: "a new run has new counters", Needs: q, run: lifNewRun},
	}
}

func lifInactive(t *T) {
	g := t.define(func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", File: t.file("vda.img", guest.Image(), guest.DiskSize)}}
		s.NICs = []guest.NIC{{User: true, Model: "virtio", MAC: mac(1)}}
		s.IOThreads = []guest.IOThread{{ID: 1}}
	})
	r := g.record(everything)
	want := []string{"state.state", "state.reason", "balloon.current", "balloon.maximum", "vcpu.current", "vcpu.maximum",
		"block.count", "block.0.name", "block.0.path", "block.0.allocation", "block.0.capacity", "block.0.physical"}
	cpu := t.inactiveTimes(r)
	t.wantNames(r, "", append(cpu, want...)...)
}

func lifUndefined(t *T) {
	g := t.define()
	g.start(false)
	t.must(t.conn.Undefine(t.ctx, g.Domain), "undefine it")
	for _, flags := range []uint32{0, domstats.FlagTransient} {
		sameList(t, "domains", domainNames(t.ours(domstats.GroupState, flags)), []string{g.Name})
	}
	sameList(t, "persistent domains", domainNames(t.ours(domstats.GroupState, domstats.FlagPersistent)), nil)
}

func lifGone(t *T) {
	g := t.small(true)
	g.destroy()
	equal(t, "the number of records", len(t.stats(everything, 0, g.Domain)), 0)
}

// stopQEMU halts a guest's QEMU with a signal; it goes on when the case is over.
func (g *Guest) stopQEMU() Process {
	p := g.process()
	g.t.cleanup(func(context.Context) {
		// It may be gone by now.
		_ = p.Signal(SigCont)
	})
	g.t.must(p.Signal(SigStop), "stop QEMU")
	return p
}

type answer struct {
	records []domstats.Record
	err     error
	took    time.Duration
}

// background makes a statistics call on a connection of its own.
func (t *T) background(groups domstats.Group, flags uint32, domains ...domstats.Domain) <-chan answer {
	c := t.open(ReadWrite)
	done := make(chan answer, 1)
	go func() {
		started := time.Now()
		records, err := c.Stats(t.ctx, domains, groups, flags)
		done <- answer{records, err, time.Since(started)}
	}()
	return done
}

// wait returns the result of a background call.
func (t *T) wait(done <-chan answer) answer {
	select {
	case a := <-done:
		return a
	case <-t.ctx.Done():
		t.fatalf("the call in the background does not return")
		return answer{}
	}
}

// blockOn makes a call that blocks on a domain whose QEMU is stopped, and
// returns when the domain's job is taken.
func (t *T) blockOn(stopped *Guest, others ...domstats.Domain) <-chan answer {
	done := t.background(everything, 0, append([]domstats.Domain{stopped.Domain}, others...)...)
	t.jobTaken(stopped)
	return done
}

// jobTaken waits until a call with NOWAIT gets a partial record at once,
// because another one holds the domain's job. A probe that comes too early
// takes the job itself and blocks, which serves as well.
func (t *T) jobTaken(g *Guest) {
	patience := 300 * time.Millisecond
	t.until(10*time.Second, "the domain's job is taken", func() bool {
		patience += patience / 10 // a busy machine answers later
		select {
		case a := <-t.background(everything, domstats.FlagNoWait, g.Domain):
			return a.err == nil && len(a.records) == 1 && !complete(a.records[0])
		case <-time.After(patience):
			return false
		}
	})
}

func byName(records []domstats.Record, name string) (domstats.Record, bool) {
	i := slices.IndexFunc(records, func(r domstats.Record) bool { return r.Domain.Name == name })
	if i < 0 {
		return domstats.Record{}, false
	}
	return records[i], true
}

func lifOtherVanishes(t *T) {
	a, b := t.small(false), t.small(true)
	p := a.stopQEMU()
	call := t.blockOn(a, b.Domain)
	b.destroy()
	t.must(p.Signal(SigCont), "let QEMU go on")
	got := t.wait(call)
	t.must(got.err, "ask for two domains, one of them vanishing")
	r, ok := byName(got.records, a.Name)
	t.check(ok && r.Has("balloon.rss"), "the record of the domain that stays is not full")
	// The record of the vanished one may be there, with the state of an inactive domain.
	if r, ok := byName(got.records, b.Name); ok {
		t.check(r.Domain.ID == -1, "the vanished domain has id %d", r.Domain.ID)
		t.want(r, map[string]uint64{"state.state": shutOff})
	}
}

// lostCall checks the answer of a call during which the domain lost died:
// the other domain's record is full.
func (t *T) lostCall(got answer, lost, other *Guest) {
	if got.err != nil {
		code := domstats.ErrorCode(got.err)
		if code != domstats.CodeSystem && code != domstats.CodeInternal {
			t.errorf("the call failed with error %d: %v", code, got.err)
		}
		t.deviates("KD-3", true, "the whole call failed: %v", got.err)
		return
	}
	t.deviates("KD-3", false, "")
	r, ok := byName(got.records, other.Name)
	t.check(ok && r.Has("balloon.rss"), "the record of the healthy domain is not full")
	if r, ok := byName(got.records, lost.Name); ok {
		// What was read before QEMU's end stays.
		r.Params = slices.DeleteFunc(r.Params, func(p domstats.Param) bool { return p.Name == "balloon.rss" })
		t.partial(r)
	}
}

func lifBlockedDestroyed(t *T) {
	a, b := t.small(false), t.small(true)
	a.stopQEMU()
	call := t.blockOn(a, b.Domain)
	a.destroy()
	t.lostCall(t.wait(call), a, b)
}

// lifBlockedKilled kills a QEMU during a call. The call gives the job back, or the domain could
// not run again.
func lifBlockedKilled(t *T) {
	a, b := t.define(), t.small(true)
	a.start(false)
	p := a.stopQEMU()
	call := t.blockOn(a, b.Domain)
	t.must(p.Signal(SigKill), "kill QEMU")
	t.lostCall(t.wait(call), a, b)
	a.state(shutOff, 3)
	if t.run.libvirt < domstats.MakeVersion(11, 3, 0) {
		return // libvirt 9.0 may take the end of that QEMU for the end of the next one
	}
	a.start(true)
	t.check(complete(a.record(everything)), "the record of the domain is not full in its next run")
}

func lifDaemonRestart(t *T) {
	kvm := t.has(NeedKStats)
	g := t.small(false, func(s *guest.Spec) { s.KVM, s.VCPUs = kvm, 2 })
	before := g.record(everything)
	t.must(t.host().RestartDaemon(t.ctx, nil), "restart the daemon")
	t.reopen()
	after := g.record(everything)
	t.wantNames(after, "", before.Names("")...)
	t.report(domstats.CheckMonotonic(domstats.NewCatalogue(), before, after), "over the restart")
	g.bracket(g.schema(), false)
}

func lifNewRun(t *T) {
	g := t.define(func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", File: t.file("vda.img", guest.Image(), guest.DiskSize), Boot: 1}}
	})
	g.start(false)
	t.until(time.Minute, "it reads its disk", func() bool { return t.uint(g.record(everything), "block.0.rd.reqs") >= 2 })
	before := g.record(everything)
	g.destroy()
	g.start(true)
	t.restarted(before, g.record(everything))
}

// broken tells an answer that says the connection is gone.
func broken(err error) bool {
	return err != nil && domstats.ErrorCode(err) == 0 && !errors.Is(err, context.DeadlineExceeded)
}
