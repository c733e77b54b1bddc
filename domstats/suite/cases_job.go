// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

const (
	minute = time.Minute
	nowait = domstats.FlagNoWait
	// jobless are the groups that answer without the domain's job.
	jobless = domstats.GroupState | domstats.GroupInterface | domstats.GroupPerf | domstats.GroupMemory
)

func jobCases() []Case {
	p := require(NeedQEMU, NeedPID, NeedFiles)
	return []Case{
		{ID: "CON-01", Title: "NOWAIT while the job is held", Needs: p, run: conNoWait},
		{ID: "CON-02", Title: "waiting while the job is held", Needs: p, Idle: true, run: conWait},
		{ID: "CON-03", Title: "other domains are complete", Needs: p, Alone: true, run: conOthers},
		{ID: "CON-04", Title: "groups that need no job", Needs: p, run: conJobless},
		{ID: "CON-05", Title: "NOWAIT on a free domain", Needs: require(NeedQEMU), run: conFree},
		{ID: "CON-06", Title: "NOWAIT on a mute QEMU", Needs: p, Idle: true, run: conMute},
		{ID: "CON-12", Title: "disconnecting during a call", Needs: p, run: conDisconnect},
		{ID: "CON-13", Title: "another call on the same connection", Needs: p, run: conOtherCall},
	}
}

// partial checks that a record has only what needs no job.
func (t *T) partial(r domstats.Record) {
	c := domstats.NewCatalogue()
	for _, p := range r.Params {
		if s, known := c.Lookup(p.Name); known && !s.NoJob {
			t.errorf("%s: %s is in a partial record", r.Domain.Name, p.Name)
		}
	}
}

// partialNames are the statistics of a full record that need no job, sorted.
func partialNames(full domstats.Record) []string {
	c := domstats.NewCatalogue()
	names := slices.DeleteFunc(full.Names(""), func(n string) bool {
		s, known := c.Lookup(n)
		return !known || !s.NoJob // for unknown statistics this is not known
	})
	slices.Sort(names)
	return names
}

// partialOf checks that a record is exactly the part of a full one that needs
// no job.
func (t *T) partialOf(full, r domstats.Record) {
	t.wantNames(r, "", partialNames(full)...)
	t.wantStill(full, r)
}

// wantStill compares the statistics that only calls change, in two records of one guest.
func (t *T) wantStill(before, after domstats.Record) {
	now := after.Map()
	for _, p := range before.Params {
		if other, there := now[p.Name]; there && still(p.Name) {
			equal(t, p.Name, other.Value, p.Value)
		}
	}
}

// held is a domain whose job is taken by a call that its stopped QEMU does not
// answer, with its full record from before.
func held(t *T) (g *Guest, full domstats.Record) {
	g = t.small(false, cores(2, 2), func(s *guest.Spec) {
		s.NICs = t.userNICs(1)
		s.IOThreads = []guest.IOThread{{ID: 4}}
		s.Disks = []guest.Disk{{Target: "vda", File: t.file("held.img", nil, guest.DiskSize)}}
	})
	full = g.record(everything)
	g.stopQEMU()
	t.blockOn(g)
	return g, full
}

func conNoWait(t *T) {
	g, full := held(t)
	a := t.wait(t.background(everything, nowait, g.Domain))
	t.must(a.err, "ask with NOWAIT")
	t.quick("the call", a.took, atOnce)
	equal(t, "the number of records", len(a.records), 1)
	for _, r := range a.records {
		t.partialOf(full, r)
	}
}

func conWait(t *T) {
	g, full := held(t)
	a := t.wait(t.background(everything, 0, g.Domain))
	t.must(a.err, "wait for the job")
	t.check(a.took >= 29*time.Second, "the call took %s only", a.took)
	t.quick("the call", a.took, 30*time.Second+atOnce)
	equal(t, "the number of records", len(a.records), 1)
	for _, r := range a.records {
		t.partialOf(full, r)
	}
	t.deviates("KD-10", true, "the call succeeded with a partial record after %s", a.took.Round(time.Second))
}

func conOthers(t *T) {
	other := t.small(true)
	want := other.record(everything)
	g, full := held(t)
	a := t.wait(t.background(everything, nowait))
	t.must(a.err, "ask for all domains with NOWAIT")
	t.quick("the call", a.took, atOnce)
	r, ok := byName(a.records, other.Name)
	t.check(ok, "%s is missing", other.Name)
	t.wantNames(r, "", want.Names("")...)
	r, ok = byName(a.records, g.Name)
	t.check(ok, "%s is missing", g.Name)
	t.partialOf(full, r)
	for _, list := range [][]domstats.Domain{{other.Domain, g.Domain}, {g.Domain, other.Domain}} {
		a = t.wait(t.background(everything, nowait, list...))
		t.must(a.err, "ask for a list with NOWAIT")
		t.quick("the call", a.took, atOnce)
		equal(t, "the number of records", len(a.records), len(list))
		for _, r := range a.records {
			if r.Domain.Name == other.Name {
				t.wantNames(r, "", want.Names("")...)
			} else {
				t.partialOf(full, r)
			}
		}
	}
}

func conJobless(t *T) {
	g, _ := held(t)
	a := t.wait(t.background(jobless, 0, g.Domain))
	t.must(a.err, "ask for groups that need no job")
	t.quick("the call", a.took, atOnce)
	equal(t, "the number of records", len(a.records), 1)
}

func conFree(t *T) {
	g := t.small(true)
	t.wantNames(g.recordFlags(everything, nowait), "", g.record(everything).Names("")...)
}

// conMute looks at several guests before it says that the call does not block: where another
// caller holds the job of a guest, the call returns at once, whatever libvirt does.
func conMute(t *T) {
	blocks := t.attempts(func() bool {
		g := t.small(false)
		p := g.stopQEMU()
		call := t.background(everything, nowait, g.Domain)
		select {
		case a := <-call:
			t.must(a.err, "ask a mute QEMU with NOWAIT")
			return false
		case <-time.After(3 * time.Second):
		}
		t.must(p.Signal(SigCont), "let QEMU go on")
		a := t.wait(call)
		t.must(a.err, "ask with NOWAIT")
		t.deviates("KD-4", true, "the call blocked until QEMU went on, for %s", a.took.Round(time.Second))
		return true
	})
	if !blocks {
		t.deviates("KD-4", false, "")
	}
}

func conDisconnect(t *T) {
	g := t.small(false)
	g.stopQEMU()
	c := t.open(ReadWrite)
	done := make(chan answer, 1)
	go func() {
		records, err := c.Stats(t.ctx, []domstats.Domain{g.Domain}, everything, 0)
		done <- answer{records: records, err: err}
	}()
	t.jobTaken(g)
	started := time.Now()
	c.Close()
	a := t.wait(done)
	t.check(broken(a.err), "the call ends with: %v", a.err)
	t.quick("the end of the call", time.Since(started), atOnce)
	_, err := t.open(ReadWrite).Version(t.ctx)
	t.must(err, "use a new connection")
}

func conOtherCall(t *T) {
	g := t.small(false)
	p := g.stopQEMU()
	done := make(chan error, 1)
	go func() {
		_, err := t.conn.Stats(t.ctx, []domstats.Domain{g.Domain}, everything, 0)
		done <- err
	}()
	t.jobTaken(g)
	started := time.Now()
	_, err := t.conn.Version(t.ctx)
	t.must(err, "ask for the version")
	t.quick("the version", time.Since(started), atOnce)
	t.must(p.Signal(SigCont), "let QEMU go on")
	select {
	case err := <-done:
		t.must(err, "ask for statistics")
	case <-t.ctx.Done():
		t.fatalf("the call does not return")
	}
}

// complete reports whether a record has what needs the job.
func complete(r domstats.Record) bool {
	return slices.ContainsFunc(r.Params, func(p domstats.Param) bool { return strings.HasPrefix(p.Name, "cpu.haltpoll.") })
}
