// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults of a daemon that was restarted.

// afterRestart changes records once the daemon was restarted.
func afterRestart(change func(query, []domstats.Record) []domstats.Record) func(query, []domstats.Record) []domstats.Record {
	return func(q query, records []domstats.Record) []domstats.Record {
		if !q.m.restarted() {
			return records
		}
		return change(q, records)
	}
}

func (m *memory) restarted() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fresh
}

// pluggedLate notes the domains that got a device after a restart.
func pluggedLate(m *memory, e event) {
	if e.after && e.added && e.prefix == "" && m.restarted() {
		m.note("late", e.domain.UUID, 1)
	}
}

// numberedAgain gives the newest image of a domain that got a device late the first number.
func numberedAgain(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		_, late := q.m.noted("late", r.Domain.UUID)
		n, ok := p.Value.(uint32)
		if !late || !ok || !strings.HasSuffix(p.Name, ".backingIndex") {
			return p
		}
		newest := true
		for _, other := range r.Params {
			if v, ok := other.Value.(uint32); ok && strings.HasSuffix(other.Name, ".backingIndex") {
				newest = newest && v <= n
			}
		}
		if newest {
			p.Value = uint32(1)
		}
		return p
	})
}

// forgetsCopies leaves out the targets of copies of vdb.
func forgetsCopies(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return without(records, func(r domstats.Record, name string) bool {
		_, copied := q.m.noted("copy", r.Domain.UUID)
		e := entity(name)
		disk, _ := r.Lookup(e + "name")
		return copied && disk.Value == "vdb" && !r.Has(e+"rd.reqs")
	})
}

// missesBalloon has the memory that a domain had when the daemon ran before.
func missesBalloon(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		if p.Name != "balloon.current" {
			return p
		}
		key := "had " + r.Domain.UUID.String()
		daemon, asked := q.m.noted("daemon", r.Domain.UUID)
		if asked && daemon < q.m.restarts {
			return q.m.values[key]
		}
		q.m.values[key] = p
		q.m.values["daemon "+r.Domain.UUID.String()] = domstats.NewParam("daemon", q.m.restarts)
		return p
	})
}
