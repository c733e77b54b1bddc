// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults that show only when several domains are asked for, or one in several states.

// narrowed leaves out of the records after an inactive domain's what that domain
// does not support.
func narrowed(_ query, records []domstats.Record) []domstats.Record {
	out := slices.Clone(records)
	for i, r := range records {
		if !slices.ContainsFunc(records[:i], func(x domstats.Record) bool { return x.Domain.ID < 0 }) {
			continue
		}
		out[i] = without([]domstats.Record{r}, func(_ domstats.Record, name string) bool {
			return strings.HasPrefix(name, "vm.") || strings.HasPrefix(name, "dirtyrate.")
		})[0]
	}
	return out
}

func reversed(_ query, records []domstats.Record) []domstats.Record {
	out := slices.Clone(records)
	slices.Reverse(out)
	return out
}

// likeFirst gives a group of each record the values of the first one.
func likeFirst(prefix string) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return each(records, func(_ domstats.Record, p domstats.Param) domstats.Param {
			if first, ok := records[0].Lookup(p.Name); ok && strings.HasPrefix(p.Name, prefix) {
				p.Value = first.Value
			}
			return p
		})
	}
}

// unlessPaused leaves a statistic out of the record of a paused domain.
func unlessPaused(prefix string) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return without(records, func(r domstats.Record, name string) bool {
			state, _ := r.Uint("state.state")
			const paused = 3
			return state == paused && strings.HasPrefix(name, prefix)
		})
	}
}

// swapped gives two statistics each other's names.
func swapped(a, b string) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return named(records, func(_ domstats.Record, name string) string { return exchanged(name, a, b) })
	}
}

// byPlace gives a vCPU the times of the one whose number is its place in the list.
func byPlace(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		for i, n := range r.Indices("vcpu") {
			field, ok := strings.CutPrefix(p.Name, fmt.Sprintf("vcpu.%d.", n))
			if !ok || field != "time" && field != "delay" {
				continue
			}
			p.Value = uint64(0)
			if other, there := r.Lookup(vcpuName(i, field)); there {
				p.Value = other.Value
			}
		}
		return p
	})
}

// lastRun shows a statistic of an inactive domain as it was in its last run.
func lastRun(name string) func(query, []domstats.Record) []domstats.Record {
	return func(q query, records []domstats.Record) []domstats.Record {
		q.m.mu.Lock()
		defer q.m.mu.Unlock()
		return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
			key := r.Domain.UUID.String() + name
			if p.Name != name {
				return p
			}
			if r.Domain.ID >= 0 {
				q.m.values[key] = p
			} else if old, ok := q.m.values[key]; ok {
				return old
			}
			return p
		})
	}
}

// blocking reads the sizes of disks although the domain's job was not free.
func blocking(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		if r.Domain.ID < 0 || !r.Has("block.0.path") || r.Has("block.0.capacity") {
			return nil
		}
		return []domstats.Param{domstats.NewParam("block.0.capacity", uint64(1<<20))}
	})
}

// cut leaves the lower 32 bits of statistics whose names contain one of some parts.
func cut(parts ...string) func(query, []domstats.Record) []domstats.Record {
	return set(func(name string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) })
	}, func(v uint64) uint64 { return v & (1<<32 - 1) })
}

// oneImage asks for one image of each disk where all domains asked for are inactive.
func oneImage(q *query) {
	active := slices.ContainsFunc(q.domains, func(d domstats.Domain) bool { return d.ID >= 0 })
	if !active {
		q.flags &^= domstats.FlagBacking
	}
}

// forgetful shows the maximum for the current memory after a restart of the daemon.
func forgetful(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	if !q.m.fresh {
		return records
	}
	return equated("current", "maximum")(q, records)
}

// forgetsPlugged leaves out what QEMU counts of vCPUs that were plugged in with a gap before
// them, after the daemon was restarted.
func forgetsPlugged(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	if !q.m.fresh {
		return records
	}
	out := slices.Clone(records)
	for i, r := range out {
		current, _ := r.Uint("vcpu.current")
		out[i].Params = slices.DeleteFunc(slices.Clone(r.Params), func(p domstats.Param) bool {
			rest, ok := strings.CutPrefix(p.Name, "vcpu.")
			number, field, _ := strings.Cut(rest, ".")
			n, err := strconv.ParseUint(number, 10, 64)
			return ok && err == nil && n >= current && strings.Contains(field, ".")
		})
	}
	return out
}

// dropsWith leaves flags out when one other is given.
func dropsWith(given, flags uint32) func(*query) {
	return func(q *query) {
		if q.flags&given != 0 {
			q.flags &^= flags
		}
	}
}
