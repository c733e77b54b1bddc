// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"fmt"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults that change which names a record has.

// extended reports whether a name comes from QEMU's schema.
func extended(name string) bool {
	return strings.HasPrefix(name, "vm.") || strings.HasPrefix(name, "vcpu.") && strings.Count(name, ".") == 3
}

func named(records []domstats.Record, f func(r domstats.Record, name string) string) []domstats.Record {
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		p.Name = f(r, p.Name)
		return p
	})
}

func plus(records []domstats.Record, f func(r domstats.Record) []domstats.Param) []domstats.Record {
	out := make([]domstats.Record, len(records))
	for i, r := range records {
		out[i] = r
		out[i].Params = append(append([]domstats.Param{}, r.Params...), f(r)...)
	}
	return out
}

// without leaves parameters out.
func without(records []domstats.Record, drop func(r domstats.Record, name string) bool) []domstats.Record {
	out := make([]domstats.Record, len(records))
	for i, r := range records {
		out[i].Domain = r.Domain
		for _, p := range r.Params {
			if !drop(r, p.Name) {
				out[i].Params = append(out[i].Params, p)
			}
		}
	}
	return out
}

func vcpuName(n int, field string) string { return fmt.Sprintf("vcpu.%d.%s", n, field) }

func renamed(_ query, records []domstats.Record) []domstats.Record {
	return named(records, func(_ domstats.Record, name string) string {
		if extended(name) {
			return strings.ReplaceAll(name, "_", "-")
		}
		return name
	})
}

func suffixes(_ query, records []domstats.Record) []domstats.Record {
	return named(records, func(_ domstats.Record, name string) string {
		if base, ok := strings.CutSuffix(name, ".sum"); ok && extended(name) {
			return base + ".cur"
		}
		if base, ok := strings.CutSuffix(name, ".max"); ok && extended(name) {
			return base + ".sum"
		}
		return name
	})
}

// exchanged swaps what stands after two prefixes.
func exchanged(name, a, b string) string {
	if rest, ok := strings.CutPrefix(name, a); ok {
		return b + rest
	}
	if rest, ok := strings.CutPrefix(name, b); ok {
		return a + rest
	}
	return name
}

func swappedVCPUs(_ query, records []domstats.Record) []domstats.Record {
	return named(records, func(r domstats.Record, name string) string {
		if !r.Has("vcpu.1.time") {
			return name
		}
		return exchanged(name, "vcpu.0.", "vcpu.1.")
	})
}

func turned(_ query, records []domstats.Record) []domstats.Record {
	return turnedWith("net.", records)
}

// turnedMacvtap does so where the interface of the case has the device of another kind.
func turnedMacvtap(_ query, records []domstats.Record) []domstats.Record {
	return turnedWith("net.1.", records)
}

func turnedWith(prefix string, records []domstats.Record) []domstats.Record {
	return named(records, func(_ domstats.Record, name string) string {
		if !strings.HasPrefix(name, prefix) {
			return name
		}
		if strings.Contains(name, ".rx.") {
			return strings.Replace(name, ".rx.", ".tx.", 1)
		}
		return strings.Replace(name, ".tx.", ".rx.", 1)
	})
}

// swappedDisks gives the first two disks each other's counters.
func swappedDisks(_ query, records []domstats.Record) []domstats.Record {
	return named(records, func(r domstats.Record, name string) string {
		counter := strings.Contains(name, ".rd.") || strings.Contains(name, ".wr.") || strings.Contains(name, ".fl.")
		if !counter || !r.Has("block.1.rd.reqs") {
			return name
		}
		return exchanged(name, "block.0.", "block.1.")
	})
}

// dense numbers the vCPUs from 0 without gaps.
func dense(_ query, records []domstats.Record) []domstats.Record {
	return named(records, func(r domstats.Record, name string) string {
		for i, n := range r.Indices("vcpu") {
			if rest, ok := strings.CutPrefix(name, "vcpu."+strconv.Itoa(n)+"."); ok {
				return vcpuName(i, rest)
			}
		}
		return name
	})
}

func dropped(_ query, records []domstats.Record) []domstats.Record {
	return without(records, func(_ domstats.Record, name string) bool { return strings.HasPrefix(name, "vm.") })
}

func empty(_ query, records []domstats.Record) []domstats.Record {
	return without(records, func(domstats.Record, string) bool { return true })
}

func halved(_ query, records []domstats.Record) []domstats.Record {
	out := make([]domstats.Record, len(records))
	for i, r := range records {
		out[i] = domstats.Record{Domain: r.Domain, Params: r.Params[:len(r.Params)/2]}
	}
	return out
}

func leaked(q query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		if r.Has("state.state") {
			return nil
		}
		return []domstats.Param{domstats.NewParam("state.state", int32(1))}
	})
}

func doubled(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param { return r.Params[max(0, len(r.Params)-1):] })
}

func histogram(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		if !r.Has("vcpu.0.exits.sum") {
			return nil
		}
		return []domstats.Param{domstats.NewParam("vcpu.0.halt_wait_hist.sum", uint64(1))}
	})
}

func undead(q query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		var out []domstats.Param
		if r.Domain.ID < 0 && r.Has("vcpu.current") {
			out = append(out, domstats.NewParam("vcpu.0.state", int32(1)))
		}
		if r.Domain.ID < 0 && r.Has("block.0.name") {
			out = append(out, domstats.NewParam("block.0.rd.reqs", uint64(0)))
		}
		return out
	})
}

func untold(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		if !r.Has("balloon.last-update") || r.Has("balloon.swap_in") {
			return nil
		}
		return []domstats.Param{domstats.NewParam("balloon.swap_in", uint64(1<<64-1))}
	})
}

func premature(_ query, records []domstats.Record) []domstats.Record {
	return plus(records, func(r domstats.Record) []domstats.Param {
		if v, ok := r.Uint("dirtyrate.calc_status"); !ok || v != 1 {
			return nil
		}
		return []domstats.Param{domstats.NewParam("dirtyrate.megabytes_per_second", int64(0))}
	})
}

func staleThreshold(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return plus(records, func(r domstats.Record) []domstats.Param {
		const name = "block.0.threshold"
		key := r.Domain.UUID.String() + name
		if p, ok := r.Lookup(name); ok {
			q.m.values[key] = p
			return nil
		}
		if p, ok := q.m.values[key]; ok && r.Has("block.0.rd.reqs") {
			return []domstats.Param{p}
		}
		return nil
	})
}
