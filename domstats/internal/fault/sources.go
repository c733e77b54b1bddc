// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults about what a disk is made of, and about what a domain that does not run has.

// monitored reports cache monitors of an inactive domain.
func monitored(q query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		if r.Domain.ID >= 0 || q.groups != 0 && q.groups&domstats.GroupCPU == 0 {
			return nil
		}
		return []domstats.Param{domstats.NewParam("cpu.cache.monitor.count", uint32(0))}
	})
}

// firstImagesOnly leaves out the thresholds of images below the first.
func firstImagesOnly(_ query, records []domstats.Record) []domstats.Record {
	return without(records, func(r domstats.Record, name string) bool {
		return strings.HasSuffix(name, ".threshold") && !r.Has(entity(name)+"rd.reqs")
	})
}

// likeSource gives the target of a copy the space of the disk.
func likeSource(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		e := entity(p.Name)
		_, copied := q.m.noted("copy", r.Domain.UUID)
		if copied && p.Name == e+"physical" && !r.Has(e+"rd.reqs") {
			if first, ok := firstOf(r, "block", "physical"); ok {
				p.Value = first.Value
			}
		}
		return p
	})
}

// spaceless has no physical size of images without a path.
func spaceless(_ query, records []domstats.Record) []domstats.Record {
	return without(records, func(r domstats.Record, name string) bool {
		prefix, ok := strings.CutSuffix(name, ".physical")
		return ok && !r.Has(prefix+".path")
	})
}

// unspaced has the capacity of an image that takes no space in the place of its length.
func unspaced(_ query, records []domstats.Record) []domstats.Record {
	const sector = 512
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		prefix, ok := strings.CutSuffix(p.Name, ".physical")
		v, _ := p.Uint()
		if capacity, there := r.Lookup(prefix + ".capacity"); ok && there && v%sector != 0 {
			p.Value = capacity.Value
		}
		return p
	})
}

// uncounted leaves out the counters of a disk.
func uncounted(disk string) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return without(records, func(r domstats.Record, name string) bool {
			counter := strings.Contains(name, ".rd.") || strings.Contains(name, ".wr.") || strings.Contains(name, ".fl.")
			of, _ := r.Lookup(entity(name) + "name")
			return counter && of.Value == disk
		})
	}
}

// unnumbered gives the disk after one whose source is missing the same number.
func unnumbered(_ query, records []domstats.Record) []domstats.Record {
	return named(records, func(r domstats.Record, name string) string {
		if r.Domain.ID >= 0 || !r.Has("block.0.path") || r.Has("block.0.physical") {
			return name
		}
		if field, ok := strings.CutPrefix(name, "block.1."); ok {
			return "block.0." + field
		}
		return name
	})
}

// allocated reports an allocation of 0 for what takes no space.
func allocated(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		var out []domstats.Param
		for _, e := range entities(r) {
			if r.Domain.ID < 0 && r.Has(e+"capacity") && !r.Has(e+"allocation") {
				out = append(out, domstats.NewParam(e+"allocation", uint64(0)))
			}
		}
		return out
	})
}

// switchedOn reports an event that the definition switches off.
func switchedOn(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		if !r.Has("perf.task_clock") || r.Has("perf.cpu_clock") {
			return nil
		}
		return []domstats.Param{domstats.NewParam("perf.cpu_clock", uint64(0))}
	})
}

// fewer ends the answer after a number of records.
func fewer(most int) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record { return records[:min(most, len(records))] }
}

// trusting looks at the first domain of a list only to tell whether it has what is
// asked for.
func trusting(q *query) {
	if len(q.domains) > 1 && q.domains[0].ID >= 0 {
		q.flags &^= domstats.FlagEnforce
	}
}

// stopsAtGap leaves out the interfaces after one that has a name and no counters.
func stopsAtGap(_ query, records []domstats.Record) []domstats.Record {
	return without(records, func(r domstats.Record, name string) bool {
		e := entity(name)
		for _, before := range entities(r) {
			if before == e {
				return false
			}
			if strings.HasPrefix(e, "net.") && strings.HasPrefix(before, "net.") && !r.Has(before+"rx.bytes") {
				return true
			}
		}
		return false
	})
}
