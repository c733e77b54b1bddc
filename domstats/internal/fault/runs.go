// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults that outlast the run of a domain.

// hasRun notes the domains that run.
func hasRun(q query, records []domstats.Record) []domstats.Record {
	for _, r := range records {
		if r.Domain.ID >= 0 {
			q.m.note("ran", r.Domain.UUID, 1)
		}
	}
	return records
}

func trustingOnceRun(q *query) {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	for _, d := range q.domains {
		if _, ran := q.m.noted("ran", d.UUID); ran {
			q.flags &^= domstats.FlagEnforce
		}
	}
}

// whoIsActive looks at the domains before the call, without waiting for a job.
func whoIsActive(q *query) {
	// Without records nothing is known, and nothing changes.
	q.active, _ = q.conn.Stats(q.ctx, q.domains, domstats.GroupState, domstats.FlagActive)
}

// keepsJob leaves what needs the job out of each record of a domain that ran when an earlier
// call for it began, which was to wait for the job and did not get it.
func keepsJob(q query, records []domstats.Record) []domstats.Record {
	waited := q.groups&domstats.GroupCPU != 0 && q.flags&domstats.FlagNoWait == 0
	for _, r := range records {
		began := slices.ContainsFunc(q.active, func(x domstats.Record) bool { return x.Domain.UUID == r.Domain.UUID })
		if waited && began && !slices.ContainsFunc(r.Names("cpu."), func(name string) bool { return strings.HasPrefix(name, "cpu.haltpoll.") }) {
			q.m.note("taken", r.Domain.UUID, 1)
		}
	}
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	c := domstats.NewCatalogue()
	return without(records, func(r domstats.Record, name string) bool {
		_, taken := q.m.noted("taken", r.Domain.UUID)
		s, known := c.Lookup(name)
		return taken && known && !s.NoJob
	})
}

// othersPaused takes sleep and a crash for a pause.
func othersPaused(q *query) {
	if q.flags&domstats.FlagPaused != 0 {
		q.flags |= domstats.FlagOther
	}
}

// leftOfDomains is each domain that was asked for, once.
func leftOfDomains(q query, records []domstats.Record, _ error) (bytes int) {
	const domain = 16 << 10
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	for _, r := range records {
		key := "kept " + r.Domain.UUID.String()
		if _, kept := q.m.values[key]; !kept {
			q.m.values[key] = domstats.NewParam("kept", uint64(1))
			bytes += domain
		}
	}
	return bytes
}
