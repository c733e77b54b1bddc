// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// vmSchema is a choice of what kernels offer for a virtual machine: each type
// that libvirt maps.
func vmSchema() []domstats.SchemaStat {
	return []domstats.SchemaStat{
		{Name: "mmu_shadow_zapped", Type: "cumulative"}, {Name: "remote_tlb_flush", Type: "cumulative"},
		{Name: "pages_4k", Type: "instant"}, {Name: "max_mmu_rmap_size", Type: "peak"},
	}
}

// vcpuSchema is the same for a vCPU, with a unit, an exponent, a boolean and a
// histogram.
func vcpuSchema() []domstats.SchemaStat {
	time := func(name, kind string) domstats.SchemaStat {
		return domstats.SchemaStat{Name: name, Type: kind, Unit: "seconds", Base: 10, Exponent: -9}
	}
	return []domstats.SchemaStat{
		{Name: "exits", Type: "cumulative"}, {Name: "irq_injections", Type: "cumulative"}, {Name: "signal_exits", Type: "cumulative"},
		time("halt_poll_success_ns", "cumulative"), time("halt_poll_fail_ns", "cumulative"), time("halt_wait_ns", "cumulative"),
		{Name: "guest_mode", Type: "instant", Unit: "boolean"}, {Name: "blocking", Type: "instant", Unit: "boolean"},
		time("halt_wait_hist", "log2-histogram"),
	}
}

// vmValues are the values at this moment, by name.
func (d *domain) vmValues() map[string]any {
	var exits uint64
	for _, v := range d.vcpus {
		exits += v.exits
	}
	return map[string]any{"mmu_shadow_zapped": 3 + exits/100, "remote_tlb_flush": 7 + exits/200, "pages_4k": d.resident() / 4,
		"max_mmu_rmap_size": 2 + exits/1000}
}

func (d *domain) vcpuValues(n int) map[string]any {
	v := d.vcpus[n]
	return map[string]any{"exits": v.exits, "irq_injections": v.exits / 4, "signal_exits": uint64(0), "halt_poll_success_ns": uint64(v.poll),
		"halt_poll_fail_ns": uint64(v.poll / 4), "halt_wait_ns": uint64(v.wait), "guest_mode": d.state == running && v.spins, "blocking": n == 0 && !d.busy,
		"halt_wait_hist": []uint64{1, 2, 3}}
}

// A result is one element of a query-stats reply.
type result struct {
	Provider string  `json:"provider"`
	QOMPath  string  `json:"qom-path,omitempty"`
	Stats    []value `json:"stats"`
}

type value struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

func values(m map[string]any) []value {
	var out []value
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, value{name, m[name]})
	}
	return out
}

// queryStats answers for a target; vCPUs come last one first, as QEMU has them.
func (d *domain) queryStats(target string) []result {
	out := []result{}
	switch {
	case !d.kvm:
	case target == "vm":
		out = append(out, result{Provider: "kvm", Stats: values(d.vmValues())})
	case target == "vcpu":
		numbers := slices.Sorted(maps.Keys(d.vcpus))
		slices.Reverse(numbers)
		for _, n := range numbers {
			out = append(out, result{"kvm", qomPath(n), values(d.vcpuValues(n))})
		}
	}
	return out
}

func qomPath(n int) string { return fmt.Sprintf("/machine/unattached/device[%d]", 2*n) }

func (d *domain) schema() domstats.Schema {
	crypto := domstats.SchemaGroup{Provider: "cryptodev", Target: "cryptodev", Stats: []domstats.SchemaStat{{Name: "sym-encrypt-ops", Type: "cumulative"}}}
	if !d.kvm {
		return domstats.Schema{crypto}
	}
	return domstats.Schema{{Provider: "kvm", Target: "vcpu", Stats: vcpuSchema()}, {Provider: "kvm", Target: "vm", Stats: vmSchema()}, crypto}
}

// A told is one of the guest's own statistics.
type told struct {
	name, key   string
	unit, value uint64
}

// guestTold is what the scripted guest tells when it is asked to: one value is 0 from
// the second time on.
func (d *domain) guestTold() []told {
	failed := uint64(5000000010)
	if d.toldAgain {
		failed = 0
	}
	return []told{
		{"swap_in", "stat-swap-in", 1024, 5120000012287}, {"swap_out", "stat-swap-out", 1024, 5120000023551},
		{"major_fault", "stat-major-faults", 1, 5000003000}, {"minor_fault", "stat-minor-faults", 1, 5000004000},
		{"unused", "stat-free-memory", 1024, 5120000057343}, {"available", "stat-total-memory", 1024, 5120000068607},
		{"usable", "stat-available-memory", 1024, 5120000079871}, {"disk_caches", "stat-disk-caches", 1024, 5120000091135},
		{"hugetlb_pgalloc", "stat-htlb-pgalloc", 1, 5000000009}, {"hugetlb_pgfail", "stat-htlb-pgfail", 1, failed},
	}
}

// dirtyRate is the last measurement.
type dirtyRate struct {
	start   time.Time // zero for never
	period  int32
	mode    string
	pages   uint64 // MiB that the guest dirtied since the start
	byVCPUs bool
}

func (r dirtyRate) status() int32 {
	switch {
	case r.start.IsZero():
		return 0
	case time.Since(r.start) < time.Duration(r.period)*time.Second:
		return 1
	}
	return 2
}

func (d *domain) dirtyParams(job bool) []domstats.Param {
	if !job {
		return nil
	}
	r, start := d.dirty, int64(0)
	mode := "page-sampling"
	if !r.start.IsZero() {
		start, mode = r.start.Unix(), r.mode
	}
	out := []domstats.Param{domstats.NewParam("dirtyrate.calc_status", r.status()), domstats.NewParam("dirtyrate.calc_start_time", start),
		domstats.NewParam("dirtyrate.calc_period", r.period), domstats.NewParam("dirtyrate.calc_mode", mode)}
	if r.status() != 2 {
		return out
	}
	out = append(out, domstats.NewParam("dirtyrate.megabytes_per_second", int64(r.pages)))
	if r.byVCPUs {
		for n := range d.vcpus {
			rate := uint64(0)
			if n == 0 {
				rate = r.pages
			}
			out = append(out, domstats.NewParam(fmt.Sprintf("dirtyrate.vcpu.%d.megabytes_per_second", n), rate))
		}
	}
	return out
}
