// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

// Groups whose figures belong to a device, a thread or the accelerator.

func vcpuStats() []Stat {
	row := func(field string, t Type, unit string, monotonic bool) Stat {
		return Stat{Pattern: "vcpu.<n>." + field, Types: []Type{t}, Unit: unit, Group: GroupVCPU,
			Monotonic: monotonic, Since: "1.2.9", NoJob: true}
	}
	definition := func(field string) Stat {
		return Stat{Pattern: "vcpu." + field, Types: []Type{UInt}, Group: GroupVCPU, Since: "1.2.9", NoJob: true, Inactive: true}
	}
	halted := row("halted", Bool, "", false)
	halted.NoJob = false
	return append([]Stat{
		definition("current"),
		definition("maximum"),
		row("state", Int, "", false),
		row("time", ULLong, "ns", true),
		row("wait", ULLong, "ns", true),
		row("delay", ULLong, "ns", true),
		halted,
	}, extendedStats("vcpu.<n>.", GroupVCPU)...)
}

func vmStats() []Stat { return extendedStats("vm.", GroupVM) }

// extendedStats are the rows for whatever the schema of the running QEMU
// offers. Its units are not applied by libvirt, so none are named here.
func extendedStats(prefix string, g Group) []Stat {
	row := func(suffix string, monotonic bool, t ...Type) Stat {
		return Stat{Pattern: prefix + "<name>" + suffix, Types: t, Group: g, Monotonic: monotonic, Since: "8.9.0"}
	}
	return []Stat{row(".sum", true, ULLong, Bool), row(".cur", false, ULLong, Bool), row(".max", true, ULLong, Bool)}
}

func interfaceStats() []Stat {
	stats := []Stat{
		{Pattern: "net.count", Types: []Type{UInt}, Group: GroupInterface, Since: "1.2.9", NoJob: true},
		{Pattern: "net.<i>.name", Types: []Type{String}, Group: GroupInterface, Since: "1.2.9", NoJob: true},
	}
	for _, direction := range []string{"rx", "tx"} {
		for _, what := range []string{"bytes", "pkts", "errs", "drop"} {
			unit := ""
			if what == "bytes" {
				unit = "bytes"
			}
			stats = append(stats, Stat{Pattern: "net.<i>." + direction + "." + what, Types: []Type{ULLong}, Unit: unit,
				Group: GroupInterface, Monotonic: true, Since: "1.2.9", NoJob: true})
		}
	}
	return stats
}

func blockStats() []Stat {
	header := func(field string, t Type, inactive bool) Stat {
		return Stat{Pattern: "block." + field, Types: []Type{t}, Group: GroupBlock, Since: "1.2.9", NoJob: true, Inactive: inactive}
	}
	counter := func(field, unit string) Stat {
		return Stat{Pattern: "block.<i>." + field, Types: []Type{ULLong}, Unit: unit, Group: GroupBlock, Monotonic: true, Since: "1.2.9"}
	}
	size := func(field string, inactive bool) Stat {
		return Stat{Pattern: "block.<i>." + field, Types: []Type{ULLong}, Unit: "bytes", Group: GroupBlock, Since: "1.2.9", Inactive: inactive}
	}
	return []Stat{
		header("count", UInt, true),
		header("<i>.name", String, true),
		header("<i>.path", String, true),
		header("<i>.backingIndex", UInt, false),
		counter("rd.reqs", ""), counter("rd.bytes", "bytes"), counter("rd.times", "ns"),
		counter("wr.reqs", ""), counter("wr.bytes", "bytes"), counter("wr.times", "ns"),
		counter("fl.reqs", ""), counter("fl.times", "ns"),
		size("allocation", true), size("capacity", true), size("physical", true), size("threshold", false),
		// Xen alone reports errors.
		counter("errors", ""),
	}
}

func iothreadStats() []Stat {
	row := func(field, unit string, t ...Type) Stat {
		return Stat{Pattern: "iothread." + field, Types: t, Unit: unit, Group: GroupIOThread, Since: "4.10.0"}
	}
	return []Stat{
		row("count", "", UInt),
		row("<id>.poll-max-ns", "ns", ULLong),
		// The type widens when the value does not fit 32 bits (KD-6).
		row("<id>.poll-grow", "", UInt, ULLong),
		row("<id>.poll-shrink", "", UInt, ULLong),
	}
}
