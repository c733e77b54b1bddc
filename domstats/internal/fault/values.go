// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults that change values and leave the names alone.

// stored is a record of an earlier call, with when it was made.
type stored struct {
	record domstats.Record
	at     time.Time
}

// each rewrites every parameter.
func each(records []domstats.Record, f func(r domstats.Record, p domstats.Param) domstats.Param) []domstats.Record {
	out := make([]domstats.Record, len(records))
	for i, r := range records {
		out[i].Domain = r.Domain
		for _, p := range r.Params {
			out[i].Params = append(out[i].Params, f(r, p))
		}
	}
	return out
}

// counters rewrites every monotonic ullong.
func counters(records []domstats.Record, f func(r domstats.Record, p domstats.Param, v uint64) uint64) []domstats.Record {
	c := domstats.NewCatalogue()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		v, ok := p.Value.(uint64)
		if s, known := c.Lookup(p.Name); ok && known && s.Monotonic {
			p.Value = f(r, p, v)
		}
		return p
	})
}

func frozen(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return counters(records, func(r domstats.Record, p domstats.Param, v uint64) uint64 {
		key := r.Domain.UUID.String() + p.Name
		if first, ok := q.m.values[key]; ok {
			v, _ = first.Uint()
			return v
		}
		q.m.values[key] = p
		return v
	})
}

// stale repeats a record for ten seconds.
func stale(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	out := make([]domstats.Record, len(records))
	for i, r := range records {
		key := r.Domain.UUID.String() + string(rune(q.groups))
		old, ok := q.m.last[key]
		if !ok || time.Since(old.at) > 10*time.Second {
			old = stored{r, time.Now()}
			q.m.last[key] = old
		}
		out[i] = old.record
	}
	return out
}

func (m *memory) call() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	return m.calls
}

func backwards(q query, records []domstats.Record) []domstats.Record {
	n := uint64(q.m.call())
	return counters(records, func(_ domstats.Record, _ domstats.Param, v uint64) uint64 { return v / (1 + n%2) })
}

func random(q query, records []domstats.Record) []domstats.Record {
	n := uint64(q.m.call())
	return counters(records, func(_ domstats.Record, _ domstats.Param, v uint64) uint64 { return v + 1<<40 + n })
}

func scaled(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(_ domstats.Record, p domstats.Param) domstats.Param {
		v, ok := p.Value.(uint64)
		switch {
		case !ok:
		case strings.HasSuffix(p.Name, "_ns.sum") || strings.HasSuffix(p.Name, ".time"):
			p.Value = v / uint64(time.Second)
		case strings.HasPrefix(p.Name, "balloon.") && p.Name != "balloon.last-update":
			p.Value = v * 1024
		}
		return p
	})
}

func truncated(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(_ domstats.Record, p domstats.Param) domstats.Param {
		if v, ok := p.Value.(uint64); ok {
			p.Value = v & (1<<32 - 1)
		}
		return p
	})
}

func wrongTypes(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(_ domstats.Record, p domstats.Param) domstats.Param {
		switch v := p.Value.(type) {
		case uint64:
			return domstats.NewParam(p.Name, int64(v))
		case bool:
			n, _ := p.Uint()
			return domstats.NewParam(p.Name, int32(n))
		}
		return p
	})
}

func miscounted(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(_ domstats.Record, p domstats.Param) domstats.Param {
		if v, ok := p.Value.(uint32); ok && p.Name == "vcpu.current" {
			p.Value = v + 1
		}
		return p
	})
}

// remembered replaces a parameter by the first one of its name.
func remembered(q query, records []domstats.Record, name string) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		if p.Name != name {
			return p
		}
		key := r.Domain.UUID.String() + name
		if _, ok := q.m.values[key]; !ok {
			q.m.values[key] = p
		}
		return q.m.values[key]
	})
}

func staleReason(q query, records []domstats.Record) []domstats.Record {
	return remembered(q, records, "state.reason")
}

// mainThreadOnly takes away what the model's events have of threads that were made later,
// in a domain that began without.
func mainThreadOnly(q query, records []domstats.Record) []domstats.Record {
	const ofThread = 1000
	made := map[domstats.UUID]uint64{}
	for _, r := range records {
		if full := q.records(domstats.GroupIOThread, r.Domain); len(r.Names("perf.")) > 0 && len(full) == 1 {
			made[r.Domain.UUID] = uint64(len(full[0].Indices("iothread")))
		}
	}
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		if v, ok := p.Value.(uint64); ok && strings.HasPrefix(p.Name, "perf.") {
			p.Value = v - min(v, ofThread*made[r.Domain.UUID])
		}
		return p
	})
}

// lastHaltpoll takes the figure of one vCPU for that of all.
func lastHaltpoll(q query, records []domstats.Record) []domstats.Record {
	return haltpollOf(q, records, func(n int) int { return n - 1 })
}

func firstHaltpoll(q query, records []domstats.Record) []domstats.Record {
	return haltpollOf(q, records, func(int) int { return 0 })
}

// haltpollOf takes the figure of the vCPU that which chooses among n.
func haltpollOf(q query, records []domstats.Record, which func(n int) int) []domstats.Record {
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		if p.Name != "cpu.haltpoll.success.time" {
			return p
		}
		full := q.records(domstats.GroupVCPU, r.Domain)
		if len(full) != 1 {
			return p
		}
		indices := full[0].Indices("vcpu")
		if v, ok := full[0].Uint(vcpuName(indices[which(len(indices))], "halt_poll_success_ns.sum")); ok {
			p.Value = v
		}
		return p
	})
}

// userOnly leaves half of the time of vCPUs that have extended statistics.
func userOnly(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		prefix, ok := strings.CutSuffix(p.Name, ".time")
		if v, wide := p.Value.(uint64); ok && wide && r.Has(prefix+".exits.sum") {
			p.Value = v / 2
		}
		return p
	})
}
