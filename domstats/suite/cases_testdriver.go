// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"fmt"

	"gitlab.com/lcitool/lcitool/domstats"
)

func testDriverCases() []Case {
	var cases []Case
	for i, c := range []struct {
		title string
		run   func(*T)
	}{
		{"the default domain", tdrDefault},
		{"the groups that are supported", tdrGroups},
		{"an unsupported group without ENFORCE", tdrUnsupported},
		{"an unknown flag", tdrFlag},
		{"NOWAIT and BACKING are accepted", tdrAccepted},
		{"an IOThread", tdrIOThread},
		{"an IOThread's settings", tdrIOThreadSet},
		{"an IOThread that is deleted", tdrIOThreadDelete},
		{"suspended", tdrSuspend},
		{"the life of a domain", tdrLife},
		{"the filter matrix", tdrFilters},
		{"lists", tdrLists},
		{"the passthrough is refused", tdrPassthrough},
		{"ENFORCE is checked before the domains", tdrEnforceFirst},
	} {
		// All connections share one set of domains, so one case at a time.
		cases = append(cases, Case{ID: fmt.Sprintf("TDR-%02d", i+1), Title: c.title, Needs: require(NeedDriver), Alone: true,
			run: func(t *T) {
				t.conn = t.open(TestDriver)
				c.run(t)
			}})
	}
	return cases
}

// fakeXML describes a domain of the test driver.
func (t *T) fakeXML(name string) string {
	return fmt.Sprintf("<domain type='test'><name>%s</name><memory>8192</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>",
		t.prefix()+name)
}

// removeFake makes the case end without the domain.
func (t *T) removeFake(d domstats.Domain) {
	t.cleanup(func(ctx context.Context) {
		// Each fails where there is nothing to do.
		_ = t.conn.Destroy(ctx, d)
		_ = t.conn.Undefine(ctx, d)
	})
}

func (t *T) fakeCreate(name string) domstats.Domain {
	d, err := t.conn.Create(t.ctx, t.fakeXML(name), false)
	t.must(err, "create a domain")
	t.removeFake(d)
	return d
}

func (t *T) fakeDefine(name string) domstats.Domain {
	d, err := t.conn.Define(t.ctx, t.fakeXML(name))
	t.must(err, "define a domain")
	t.removeFake(d)
	return d
}

func (t *T) fakeStart(d domstats.Domain) {
	_, err := t.conn.Start(t.ctx, d, false)
	t.must(err, "start %s", d.Name)
}

func (t *T) only(d domstats.Domain, groups domstats.Group) domstats.Record {
	records := t.stats(groups, 0, d)
	if len(records) != 1 {
		t.fatalf("%d records of one domain", len(records))
	}
	found, err := t.conn.Lookup(t.ctx, d.Name)
	t.must(err, "look %s up", d.Name)
	equal(t, "the domain of the record", records[0].Domain, found)
	return records[0]
}

func (t *T) wantState(d domstats.Domain, state, reason uint64) {
	t.want(t.only(d, domstats.GroupState), map[string]uint64{"state.state": state, "state.reason": reason})
}

func tdrDefault(t *T) {
	r, ok := byName(t.stats(everything, 0), "test")
	if !ok {
		t.fatalf("there is no domain called test")
	}
	t.want(r, map[string]uint64{"state.state": running, "state.reason": 0})
}

const supportedByTest = domstats.GroupState | domstats.GroupIOThread

func tdrGroups(t *T) {
	for _, g := range domstats.Groups() {
		_, err := t.conn.Stats(t.ctx, nil, g.Group, enforce)
		if g.Group&supportedByTest != 0 {
			t.check(err == nil, "group %s is refused: %v", g.Name, err)
			continue
		}
		t.wantCode(err, domstats.CodeArgUnsupported, fmt.Sprintf("0x%x", uint32(g.Group)), "group "+g.Name)
	}
}

func tdrUnsupported(t *T) {
	d := t.fakeCreate("a")
	t.wantNames(t.only(d, domstats.GroupVM), "")
}

func tdrFlag(t *T) {
	_, err := t.conn.Stats(t.ctx, nil, domstats.GroupState, 0x100)
	t.wantCode(err, domstats.CodeInvalidArg, "0x100", "flag 0x100")
}

func tdrAccepted(t *T) {
	t.fakeCreate("a")
	for _, flag := range []uint32{domstats.FlagNoWait, domstats.FlagBacking} {
		equal(t, fmt.Sprintf("the records with flag %#x", flag), len(t.ours(domstats.GroupState, flag)), 1)
	}
}

func fakeIOThread(t *T) domstats.Domain {
	d := t.fakeCreate("a")
	t.must(t.conn.AddIOThread(t.ctx, d, 5), "add an IOThread")
	return d
}

func tdrIOThread(t *T) {
	r := t.only(fakeIOThread(t), domstats.GroupIOThread)
	t.want(r, map[string]uint64{"iothread.count": 1, "iothread.5.poll-max-ns": 32768, "iothread.5.poll-grow": 0, "iothread.5.poll-shrink": 0})
	for name, want := range map[string]domstats.Type{"iothread.count": domstats.UInt, "iothread.5.poll-max-ns": domstats.ULLong,
		"iothread.5.poll-grow": domstats.UInt, "iothread.5.poll-shrink": domstats.UInt} {
		p, _ := r.Lookup(name)
		equal(t, "the type of "+name, p.Type, want)
	}
}

func tdrIOThreadSet(t *T) {
	d := fakeIOThread(t)
	t.must(t.conn.AddIOThread(t.ctx, d, 9), "add an IOThread")
	for id, n := range map[uint32]uint32{5: 777, 9: 30} {
		t.must(t.conn.SetIOThread(t.ctx, d, id, domstats.NewParam("poll_max_ns", uint64(n)), domstats.NewParam("poll_grow", n+1),
			domstats.NewParam("poll_shrink", n+2)), "set the IOThread")
	}
	t.want(t.only(d, domstats.GroupIOThread), map[string]uint64{"iothread.count": 2,
		"iothread.5.poll-max-ns": 777, "iothread.5.poll-grow": 778, "iothread.5.poll-shrink": 779,
		"iothread.9.poll-max-ns": 30, "iothread.9.poll-grow": 31, "iothread.9.poll-shrink": 32})
}

func tdrIOThreadDelete(t *T) {
	d := fakeIOThread(t)
	t.must(t.conn.DelIOThread(t.ctx, d, 5), "delete the IOThread")
	t.wantNames(t.only(d, domstats.GroupIOThread), "")
}

func tdrSuspend(t *T) {
	d := t.fakeCreate("a")
	t.must(t.conn.Suspend(t.ctx, d), "suspend it")
	t.wantState(d, paused, 1)
}

func tdrLife(t *T) {
	p := t.fakeDefine("p")
	t.wantState(p, shutOff, 0)
	t.fakeStart(p)
	t.wantState(p, running, 1)
	t.must(t.conn.Undefine(t.ctx, p), "undefine it")
	sameList(t, "transient domains", domainNames(t.ours(domstats.GroupState, domstats.FlagTransient)), []string{p.Name})
	gone := t.fakeCreate("t")
	t.wantState(gone, running, 1)
	t.must(t.conn.Destroy(t.ctx, gone), "destroy it")
	off := t.fakeDefine("off")
	t.fakeStart(off)
	t.must(t.conn.AddIOThread(t.ctx, off, 5), "add an IOThread")
	t.want(t.only(off, domstats.GroupIOThread), map[string]uint64{"iothread.count": 1})
	t.must(t.conn.Destroy(t.ctx, off), "destroy it")
	t.wantNames(t.only(off, domstats.GroupIOThread), "")
	equal(t, "the records of a domain that is gone", len(t.stats(domstats.GroupState, 0, gone)), 0)
}

func tdrFilters(t *T) {
	suspend := func(d domstats.Domain) domstats.Domain {
		t.must(t.conn.Suspend(t.ctx, d), "suspend %s", d.Name)
		return d
	}
	started := func(d domstats.Domain) domstats.Domain {
		t.fakeStart(d)
		return d
	}
	letter := map[domstats.UUID]string{
		t.fakeCreate("t").UUID: "T", started(t.fakeDefine("p")).UUID: "P", suspend(started(t.fakeDefine("pp"))).UUID: "Pp",
		suspend(t.fakeCreate("tp")).UUID: "Tp", t.fakeDefine("o").UUID: "O",
	}
	checkFilters(t, func(flags uint32) []domstats.Record { return t.ours(domstats.GroupState, flags) }, letter)
}

func tdrLists(t *T) {
	d := t.fakeCreate("a")
	wrong := d
	wrong.Name, wrong.ID = "another-name", 4711
	for _, tc := range []struct {
		list []domstats.Domain
		want []string
	}{
		{[]domstats.Domain{ghost(1), d}, []string{d.Name}},
		{[]domstats.Domain{ghost(1)}, nil},
		{[]domstats.Domain{d, d}, []string{d.Name, d.Name}},
		{[]domstats.Domain{wrong}, []string{d.Name}},
	} {
		records, err := t.conn.Stats(t.ctx, tc.list, domstats.GroupState, 0)
		t.check(err == nil, "a list gives: %v", err)
		if err == nil {
			sameList(t, "records", domainNames(records), tc.want)
		}
	}
}

func tdrPassthrough(t *T) {
	d := t.fakeCreate("a")
	_, err := t.conn.Monitor(t.ctx, d, `{"execute":"query-status"}`, false)
	t.wantCode(err, domstats.CodeNoSupport, "", "the passthrough")
}

func tdrEnforceFirst(t *T) {
	_, err := t.conn.Stats(t.ctx, nil, bogusGroup, enforce|domstats.FlagOther)
	t.wantCode(err, domstats.CodeArgUnsupported, "0x800", "ENFORCE with a filter that matches nothing")
}
