// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

// Faults of what is left out, and of what is left over.

func toldNothing(_ query, records []domstats.Record) []domstats.Record {
	return without(records, func(r domstats.Record, name string) bool {
		v, ok := r.Uint(name)
		return ok && v == 0 && strings.HasPrefix(name, "balloon.") && name != "balloon.last-update"
	})
}

// tooMuchTold leaves no room for the last statistic.
func tooMuchTold(_ query, records []domstats.Record) []domstats.Record {
	return without(records, func(r domstats.Record, name string) bool {
		return name == "balloon.rss" && r.Has("balloon.hugetlb_pgfail")
	})
}

// moduleForgotten has what a domain of 64 MiB was defined with.
func moduleForgotten(_ query, records []domstats.Record) []domstats.Record {
	const defined = uint64(65536)
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		if v, ok := p.Value.(uint64); ok && r.Domain.ID < 0 && p.Name == "balloon.current" {
			p.Value = min(v, defined)
		}
		return p
	})
}

// pathOfExport gives a path to each image that has none.
func pathOfExport(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		var out []domstats.Param
		for _, p := range r.Params {
			if base, ok := strings.CutSuffix(p.Name, ".backingIndex"); ok && !r.Has(base+".path") {
				out = append(out, domstats.NewParam(base+".path", guest.NBDExport))
			}
		}
		return out
	})
}

func withoutID(_ query, records []domstats.Record) []domstats.Record {
	out := slices.Clone(records)
	for i := range out {
		out[i].Domain.ID = -1
	}
	return out
}

// threadsStay shows the IOThreads that a domain had when it ran last.
func threadsStay(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return plus(records, func(r domstats.Record) []domstats.Param {
		if r.Domain.ID < 0 {
			return q.m.shown[r.Domain.UUID]
		}
		threads := slices.DeleteFunc(slices.Clone(r.Params), func(p domstats.Param) bool { return !strings.HasPrefix(p.Name, "iothread.") })
		if len(threads) > 0 {
			q.m.shown[r.Domain.UUID] = threads
		}
		return nil
	})
}

func sameErrors(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		if base, ok := strings.CutSuffix(p.Name, ".rx.errs"); ok {
			if other, there := r.Lookup(base + ".tx.errs"); there {
				p.Value = other.Value
			}
		}
		return p
	})
}

// currentStays has the current memory from before memory was plugged out.
func currentStays(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		most, ok := r.Uint("balloon.maximum")
		if !ok || r.Domain.ID < 0 || p.Name != "balloon.current" {
			return p
		}
		id := r.Domain.UUID.String()
		before, _ := q.m.values["most "+id].Uint()
		if before > most {
			return q.m.values["current "+id]
		}
		q.m.values["most "+id], q.m.values["current "+id] = domstats.NewParam("most", most), p
		return p
	})
}

// shrinkReset shows 0 for the shrink factor of IOThreads after another setting of theirs
// has been changed by itself.
func shrinkReset(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		_, alone := q.m.noted("polling alone", r.Domain.UUID)
		if _, narrow := p.Value.(uint32); narrow && alone && strings.HasSuffix(p.Name, ".poll-shrink") {
			p.Value = uint32(0)
		}
		return p
	})
}

// zeroIgnored shows what a setting of an IOThread was before it became 0.
func zeroIgnored(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		v, ok := p.Uint()
		if !ok || !strings.Contains(p.Name, ".poll-") {
			return p
		}
		key := "polling " + r.Domain.UUID.String() + p.Name
		if old, known := q.m.values[key]; known && v == 0 {
			return old
		}
		q.m.values[key] = p
		return p
	})
}

// fullOnceRestored has all its memory when a domain goes on from where it was saved.
func fullOnceRestored(_ query, records []domstats.Record) []domstats.Record {
	const running, restored = 1, 3
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		state, _ := r.Uint("state.state")
		reason, _ := r.Uint("state.reason")
		if most, ok := r.Lookup("balloon.maximum"); ok && state == running && reason == restored && p.Name == "balloon.current" {
			p.Value = most.Value
		}
		return p
	})
}

// refusedDisk notes domains that could not get a device.
func refusedDisk(m *memory, e event) {
	if e.after && e.failed && e.added && e.prefix == "" {
		m.note("refused", e.domain.UUID, 1)
	}
}

// countsRefused counts one disk more.
func countsRefused(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		_, refused := q.m.noted("refused", r.Domain.UUID)
		if n, ok := p.Value.(uint32); ok && refused && p.Name == "block.count" {
			p.Value = n + 1
		}
		return p
	})
}
