// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

// Groups whose figures describe the domain's life, memory or use of the host.

func stateStats() []Stat {
	row := func(p string) Stat {
		return Stat{Pattern: p, Types: []Type{Int}, Group: GroupState, Since: "1.2.8", NoJob: true, Inactive: true}
	}
	return []Stat{row("state.state"), row("state.reason")}
}

func cpuStats() []Stat {
	time := func(p, since string, noJob bool) Stat {
		return Stat{Pattern: p, Types: []Type{ULLong}, Unit: "ns", Group: GroupCPU, Monotonic: true, Since: since, NoJob: noJob}
	}
	monitor := func(p string, unit string, t ...Type) Stat {
		return Stat{Pattern: "cpu.cache.monitor." + p, Types: t, Unit: unit, Group: GroupCPU, Since: "1.2.9", NoJob: true}
	}
	return []Stat{
		time("cpu.time", "1.2.9", true),
		time("cpu.user", "1.2.9", true),
		time("cpu.system", "1.2.9", true),
		monitor("count", "", UInt),
		monitor("<i>.name", "", String),
		monitor("<i>.vcpus", "", String),
		monitor("<i>.bank.count", "", UInt),
		monitor("<i>.bank.<j>.id", "", UInt),
		// Documented as ullong since 11.2, sent as uint by every release so far (KD-12).
		monitor("<i>.bank.<j>.bytes", "bytes", UInt, ULLong),
		time("cpu.haltpoll.success.time", "7.6.0", false),
		time("cpu.haltpoll.fail.time", "7.6.0", false),
	}
}

func balloonStats() []Stat {
	row := func(field, unit string, monotonic, definition bool) Stat {
		return Stat{Pattern: "balloon." + field, Types: []Type{ULLong}, Unit: unit, Group: GroupBalloon,
			Monotonic: monotonic, Since: "1.2.9", NoJob: definition, Inactive: definition}
	}
	return []Stat{
		row("current", "KiB", false, true),
		row("maximum", "KiB", false, true),
		row("swap_in", "KiB", false, false),
		row("swap_out", "KiB", false, false),
		row("major_fault", "", false, false),
		row("minor_fault", "", false, false),
		row("unused", "KiB", false, false),
		row("available", "KiB", false, false),
		row("usable", "KiB", false, false),
		row("disk_caches", "KiB", false, false),
		row("hugetlb_pgalloc", "", false, false),
		row("hugetlb_pgfail", "", false, false),
		row("last-update", "s", true, false),
		row("rss", "KiB", false, false),
	}
}

func perfStats() []Stat {
	row := func(event, unit string) Stat {
		return Stat{Pattern: "perf." + event, Types: []Type{ULLong}, Unit: unit, Group: GroupPerf,
			// Occupancy may fall; all the others count.
			Monotonic: event != "cmt", Since: "1.3.3", NoJob: true}
	}
	stats := []Stat{
		row("cmt", "bytes"), row("mbmt", ""), row("mbml", "bytes"), row("cpu_clock", "ns"), row("task_clock", "ns"),
	}
	for _, event := range []string{
		"cpu_cycles", "instructions", "cache_references", "cache_misses",
		"branch_instructions", "branch_misses", "bus_cycles", "stalled_cycles_frontend", "stalled_cycles_backend",
		"ref_cpu_cycles", "page_faults", "context_switches", "cpu_migrations", "page_faults_min", "page_faults_maj",
		"alignment_faults", "emulation_faults",
	} {
		stats = append(stats, row(event, ""))
	}
	return stats
}

func memoryStats() []Stat {
	row := func(field string, t Type, unit string) Stat {
		return Stat{Pattern: "memory.bandwidth.monitor." + field, Types: []Type{t}, Unit: unit, Group: GroupMemory,
			Monotonic: unit == "bytes", Since: "6.0.0", NoJob: true}
	}
	return []Stat{
		row("count", UInt, ""),
		row("<i>.name", String, ""),
		row("<i>.vcpus", String, ""),
		row("<i>.node.count", UInt, ""),
		row("<i>.node.<j>.id", UInt, ""),
		row("<i>.node.<j>.bytes.local", ULLong, "bytes"),
		row("<i>.node.<j>.bytes.total", ULLong, "bytes"),
	}
}

func dirtyRateStats() []Stat {
	row := func(field string, t Type, unit, since string) Stat {
		return Stat{Pattern: "dirtyrate." + field, Types: []Type{t}, Unit: unit, Group: GroupDirtyRate, Since: since}
	}
	return []Stat{
		row("calc_status", Int, "", "7.2.0"),
		row("calc_start_time", LLong, "s", "7.2.0"),
		row("calc_period", Int, "s", "7.2.0"),
		row("calc_mode", String, "", "8.1.0"),
		row("megabytes_per_second", LLong, "MiB/s", "7.2.0"),
		row("vcpu.<n>.megabytes_per_second", ULLong, "MiB/s", "8.1.0"),
	}
}
