// SPDX-License-Identifier: GPL-2.0-or-later

// Package fault makes a stack lie about domain statistics, in one way at a time.
//
// It is how the suite itself is tested: each fault must turn the cases red that
// it names, and no fault may go unseen.
package fault

import (
	"context"
	"sync"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// A Fault is one way to be wrong.
type Fault struct {
	ID   string
	What string
	// Caught are the cases of which each must fail.
	Caught []string

	// change rewrites what a call returned.
	change func(q query, records []domstats.Record) []domstats.Record
	// ask rewrites what a call asks for.
	ask func(q *query)
	// fail replaces the result by an error when it is not nil.
	fail func(q query, records []domstats.Record) error
	// event is called before and after calls that change a domain.
	event func(m *memory, e event)
	// monitor rewrites what QEMU's monitor replied to a command.
	monitor func(command, reply string) string
	// asks is set if change needs the call, or makes others.
	asks bool
	// descriptors and kib are what each call leaves behind in the daemon.
	descriptors, kib int
	// left is what a call leaves behind for what it was asked, in bytes.
	left func(q query, records []domstats.Record, err error) int
	// ignored is an option of libvirt's client or a request to libvirt that has no effect.
	ignored string
	// prints rewrites what libvirt's client prints.
	prints func(out string) string
	// logs is set if each call logs an error.
	logs bool
}

// Rewriter returns the fault as a change of records alone, with a memory of its
// own, for a test that sees only what goes over the wire. ok is false for faults
// that are more than that.
func (f Fault) Rewriter() (rewrite func([]domstats.Record) []domstats.Record, ok bool) {
	if f.change == nil || f.asks || f.ask != nil || f.fail != nil || f.event != nil {
		return nil, false
	}
	m := newMemory()
	return func(records []domstats.Record) []domstats.Record { return f.change(query{m: m}, records) }, true
}

// A query is one call for statistics.
type query struct {
	ctx     context.Context
	conn    suite.Conn // without the fault
	domains []domstats.Domain
	groups  domstats.Group
	flags   uint32
	m       *memory
	before  int               // destructions that had begun when the call did
	active  []domstats.Record // of the domains that ran then, if the fault asks for them
}

// records calls without the fault.
func (q query) records(groups domstats.Group, domains ...domstats.Domain) []domstats.Record {
	records, err := q.conn.Stats(q.ctx, domains, groups, 0)
	if err != nil {
		return nil
	}
	return records
}

// memory is what a lying daemon remembers. Its lock is held during change only.
type memory struct {
	mu       sync.Mutex
	calls    int
	values   map[string]domstats.Param
	last     map[string]stored
	hidden   map[domstats.UUID][]string
	shown    map[domstats.UUID][]domstats.Param
	dying    int    // destructions under way
	begun    int    // destructions begun so far
	asked    int    // calls for statistics so far
	left     int    // bytes left behind so far
	fresh    bool   // the daemon was restarted
	restarts uint64 // how often
}

// Wrap returns a stack that has a fault.
func Wrap(s suite.Stack, f Fault) suite.Stack {
	return stack{s, f, newMemory()}
}

func newMemory() *memory {
	return &memory{values: map[string]domstats.Param{}, last: map[string]stored{},
		hidden: map[domstats.UUID][]string{}, shown: map[domstats.UUID][]domstats.Param{}}
}

type stack struct {
	suite.Stack
	f Fault
	m *memory
}

func (s stack) Open(ctx context.Context, a suite.Access) (suite.Conn, error) {
	c, err := s.Stack.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return conn{c, s.f, s.m}, nil
}

type conn struct {
	suite.Conn
	f Fault
	m *memory
}

// Stats returns changed statistics.
func (c conn) Stats(ctx context.Context, domains []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error) {
	c.m.count()
	q := query{ctx: ctx, conn: c.Conn, domains: domains, groups: groups, flags: flags, m: c.m, before: c.m.destructions()}
	if c.f.ask != nil {
		c.f.ask(&q)
	}
	records, err := c.Conn.Stats(ctx, q.domains, q.groups, q.flags)
	if c.f.left != nil {
		c.m.leave(c.f.left(q, records, err))
	}
	if err != nil {
		return nil, err
	}
	if c.f.fail != nil {
		if err := c.f.fail(q, records); err != nil {
			return nil, err
		}
	}
	if c.f.change != nil {
		records = c.f.change(q, records)
	}
	return records, nil
}

// destructions counts those that began, or -1 while one is under way.
func (m *memory) destructions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dying > 0 {
		return -1
	}
	return m.begun
}

// An event is a call that changes what a domain has.
type event struct {
	ctx    context.Context
	conn   suite.Conn
	domain domstats.Domain
	after  bool   // the call is over
	failed bool   // with an error
	added  bool   // otherwise removed
	prefix string // of what came or went: "vcpu.2.", "iothread.4."; empty for devices
	xml    string // of a definition
}

// around runs a call between two events.
func (c conn) around(e event, call func() error) error {
	e.conn = c.Conn
	tell := func(after bool) {
		if e.after = after; c.f.event != nil {
			c.f.event(c.m, e)
		}
	}
	tell(false)
	err := call()
	e.failed = err != nil
	tell(true)
	return err
}
