// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults like bugs in a real libvirt that the suite once missed: several devices of
// a kind, values that no case compared, types in some states.

// borrowed gives every entry of a list the value of a field of its first entry.
func borrowed(list string, fields ...string) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
			e := entity(p.Name)
			if !strings.HasPrefix(e, list+".") || !slices.Contains(fields, strings.TrimPrefix(p.Name, e)) {
				return p
			}
			first, ok := firstOf(r, list, strings.TrimPrefix(p.Name, e))
			if ok && first.Type == p.Type {
				p.Value = first.Value
			}
			return p
		})
	}
}

// equated shows one field of each image in the place of another.
func equated(field, source string) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
			prefix, ok := strings.CutSuffix(p.Name, "."+field)
			if other, there := r.Lookup(prefix + "." + source); ok && there {
				p.Value = other.Value
			}
			return p
		})
	}
}

// firstOf finds a field of the first entry of a list that has it.
func firstOf(r domstats.Record, list, field string) (domstats.Param, bool) {
	for _, p := range r.Params {
		if e := entity(p.Name); strings.HasPrefix(e, list+".") && p.Name == e+field {
			return p, true
		}
	}
	return domstats.Param{}, false
}

// set gives a statistic another value, made of the old one.
func set(match func(name string) bool, f func(v uint64) uint64) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return each(records, func(_ domstats.Record, p domstats.Param) domstats.Param {
			if v, ok := p.Value.(uint64); ok && match(p.Name) {
				p.Value = f(v)
			}
			return p
		})
	}
}

func ending(suffix string) func(string) bool {
	return func(name string) bool { return strings.HasSuffix(name, suffix) }
}

func zero(uint64) uint64 { return 0 }

// spread shows the threshold of one disk for all disks.
func spread(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		t, ok := firstOf(r, "block", "threshold")
		if !ok {
			return nil
		}
		var out []domstats.Param
		for _, e := range entities(r) {
			if strings.HasPrefix(e, "block.") && !r.Has(e+"threshold") {
				out = append(out, domstats.NewParam(e+"threshold", t.Value))
			}
		}
		return out
	})
}

// retypedWhen changes the type of a statistic in those records that have another.
func retypedWhen(name, present string) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
			if v, ok := p.Uint(); ok && p.Name == name && r.Has(present) {
				return domstats.NewParam(p.Name, uint32(v))
			}
			return p
		})
	}
}

// capped leaves out what is beyond a number of parameters.
func capped(most int) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		out := make([]domstats.Record, len(records))
		for i, r := range records {
			out[i] = domstats.Record{Domain: r.Domain, Params: r.Params[:min(most, len(r.Params))]}
		}
		return out
	}
}

// oneRate shows the dirty rate of vCPU 0 for all.
func oneRate(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		if first, ok := r.Lookup("dirtyrate.vcpu.0.megabytes_per_second"); ok && strings.HasPrefix(p.Name, "dirtyrate.vcpu.") {
			p.Value = first.Value
		}
		return p
	})
}
