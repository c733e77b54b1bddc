// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

// A CoverageRow is one thing QEMU knows about a domain.
type CoverageRow struct {
	Provider string `json:"provider"`
	Target   string `json:"target"`
	Name     string `json:"name"`
	Type     string `json:"type,omitempty"`
	Unit     string `json:"unit,omitempty"`
	// Pattern is libvirt's name for it, "vcpu.<n>.exits.sum". Empty when not exported.
	Pattern string `json:"pattern,omitempty"`
	// Reason says why it is not exported; empty when it is.
	Reason Reason `json:"reason,omitempty"`
	// Seen is set if a record had it.
	Seen bool `json:"seen"`
	// Checked is set if its value was compared with QEMU's.
	Checked bool `json:"checked"`
}

// Coverage lists every entry of the schema with its fate, in schema order.
// Seen and Checked are left for the caller to fill in.
func (s Schema) Coverage() []CoverageRow {
	prefix := map[string]string{"vm": "vm.", "vcpu": "vcpu.<n>."}
	var rows []CoverageRow
	for _, g := range s {
		for _, e := range g.Stats {
			row := CoverageRow{Provider: g.Provider, Target: g.Target, Name: e.Name, Type: e.Type, Unit: e.Unit}
			suffix, _, reason := MapStat(e)
			switch p, asked := prefix[g.Target]; {
			case !asked:
				row.Reason = ReasonTargetNotAsked
			case reason != "":
				row.Reason = reason
			default:
				row.Pattern = p + e.Name + suffix
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// FixedCoverage lists what libvirt leaves out whatever the schema says: parts
// of other monitor commands, and abilities that have no call.
func FixedCoverage() []CoverageRow {
	var rows []CoverageRow
	add := func(target string, reason Reason, names ...string) {
		for _, n := range names {
			rows = append(rows, CoverageRow{Provider: "qemu", Target: target, Name: n, Reason: reason})
		}
	}
	add("query-stats-schemas", ReasonMetadata, "unit", "base", "exponent", "bucket-size")
	add("query-stats", ReasonNoAPI, "filter by name", "filter by provider", "filter by vCPU path")
	add("query-blockstats", ReasonBlockNotMapped, "unmap", "zone append", "merged operations", "failed operations",
		"invalid operations", "idle time", "timed statistics")
	add("balloon guest-stats", ReasonBalloonUnmapped, "stat-oom-kills", "stat-alloc-stalls", "stat-async-scans",
		"stat-direct-scans", "stat-async-reclaims", "stat-direct-reclaims")
	add("query-iothreads", ReasonIOThreadPartial, "thread-id", "aio-max-batch")
	return rows
}
