// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults returns the table, in the order of the ids.
func Faults() []Fault {
	return []Fault{
		{ID: "F01", What: "an extended field is renamed", Caught: []string{"MAP-01", "MAP-02", "MAP-06"}, change: renamed},
		{ID: "F02", What: "counters are frozen at their first value", Caught: []string{"MAP-09", "MAP-11", "BLK-02", "CPU-04"}, change: frozen},
		{ID: "F03", What: "the values of two vCPUs are swapped", Caught: []string{"MAP-08", "MAP-10", "VCP-07"}, change: swappedVCPUs},
		{ID: "F04", What: "types are wrong", Caught: []string{"API-04", "MAP-04"}, change: wrongTypes},
		{ID: "F05", What: "a whole group is dropped", Caught: []string{"API-01", "VM-01"}, change: dropped},
		{ID: "F06", What: "a group leaks into the call for another", Caught: []string{"API-02"}, change: leaked},
		{ID: "F07", What: "suffixes are wrong", Caught: []string{"MAP-03"}, change: suffixes},
		{ID: "F08", What: "the record of an earlier call is returned", Caught: []string{"MAP-09", "MAP-11", "BLK-02", "BAL-03"}, change: stale, asks: true},
		{ID: "F09", What: "counters go back", Caught: []string{"CPU-03", "VCP-14", "VM-02", "BLK-10"}, change: backwards},
		{ID: "F10", What: "a field is there twice", Caught: []string{"API-03"}, change: doubled},
		{ID: "F11", What: "what is plugged in stays missing", Caught: []string{"VCP-03", "NET-06", "BLK-18", "IOT-04"}, change: missing, event: hide},
		{ID: "F12", What: "what is unplugged stays", Caught: []string{"VCP-05", "NET-07", "BLK-19", "IOT-04"}, change: haunted, event: keep},
		{ID: "F13", What: "values are scaled", Caught: []string{"MAP-07", "MAP-14", "BAL-03", "BAL-05"}, change: scaled},
		{ID: "F14", What: "a histogram is reported as a number", Caught: []string{"MAP-05"}, change: histogram},
		{ID: "F15", What: "vCPUs are numbered without gaps", Caught: []string{"VCP-02", "VCP-03"}, change: dense},
		{ID: "F16", What: "the directions of an interface are not the guest's", Caught: []string{"NET-03", "NET-04"}, change: turned},
		{ID: "F17", What: "a disk has another disk's counters", Caught: []string{"BLK-05", "BLK-18"}, change: swappedDisks},
		{ID: "F18", What: "BACKING means the opposite", Caught: []string{"BLK-11"}, ask: func(q *query) { q.flags ^= domstats.FlagBacking }},
		{ID: "F19", What: "ENFORCE is ignored", Caught: []string{"API-06", "TDR-02"}, ask: func(q *query) { q.flags &^= domstats.FlagEnforce }},
		{ID: "F20", What: "filters are ignored", Caught: []string{"API-14", "TDR-11"}, ask: ignoreFilters},
		{ID: "F21", What: "NOWAIT waits", Caught: []string{"CON-01"}, ask: func(q *query) { q.flags &^= domstats.FlagNoWait }},
		{ID: "F22", What: "one domain has the record of another", Caught: []string{"API-21", "MAP-17", "VM-06", "BAL-03"}, change: foreign, asks: true},
		{ID: "F23", What: "an inactive domain has fields of a running one", Caught: []string{"LIF-01", "VCP-11", "BLK-22"}, change: undead},
		{ID: "F24", What: "an unknown UUID is an error, a duplicate is merged", Caught: []string{"API-16", "API-17", "TDR-12"}, change: merged, fail: strict},
		{ID: "F25", What: "the number of vCPUs is wrong by one", Caught: []string{"VCP-01", "VCP-02"}, change: miscounted},
		{ID: "F26", What: "what the guest never told is reported", Caught: []string{"BAL-01", "BAL-06"}, change: untold},
		{ID: "F27", What: "values are cut to 32 bits", Caught: []string{"MAP-08", "IOT-06"}, change: truncated},
		{ID: "F28", What: "a dirty rate is reported while it is measured", Caught: []string{"DRT-02"}, change: premature},
		{ID: "F29", What: "the record of a healthy domain is empty", Caught: []string{"API-01", "CPU-01"}, change: empty},
		{ID: "F30", What: "the end of one domain fails the call", Caught: []string{"LIF-05", "LIF-10", "CON-10"}, fail: contagious},
		{ID: "F31", What: "values are none that QEMU had", Caught: []string{"MAP-08", "MAP-09", "BLK-10"}, change: random},
		{ID: "F32", What: "haltpoll is the last vCPU's only", Caught: []string{"CPU-05"}, change: lastHaltpoll, asks: true},
		{ID: "F33", What: "records end in the middle", Caught: []string{"API-01", "MAP-01", "MAP-02"}, change: halved},
		{ID: "F34", What: "the reason of a state is stale", Caught: []string{"STA-02", "STA-05"}, change: staleReason},
		{ID: "F35", What: "a threshold stays after it fired", Caught: []string{"BLK-15"}, change: staleThreshold},
		{ID: "F36", What: "every interface has the packets of the first", Caught: []string{"NET-13"}, change: borrowed("net", "rx.pkts", "tx.pkts", "rx.bytes", "tx.bytes")},
		{ID: "F37", What: "every IOThread has the settings of the first", Caught: []string{"IOT-07"}, change: borrowed("iothread", "poll-max-ns", "poll-grow", "poll-shrink")},
		{ID: "F38", What: "every image has the size of the first", Caught: []string{"BLK-25"}, change: borrowed("block", "capacity")},
		{ID: "F39", What: "every image has the index of the first", Caught: []string{"BLK-11", "BLK-25"}, change: borrowed("block", "backingIndex")},
		{ID: "F40", What: "every image has the path of the first", Caught: []string{"BLK-25", "BLK-30", "BLK-31"}, change: borrowed("block", "path")},
		{ID: "F41", What: "the threshold of a disk shows for all", Caught: []string{"BLK-27"}, change: spread},
		{ID: "F42", What: "the space that a disk takes is its length", Caught: []string{"BLK-26"}, change: set(ending(".physical"), func(uint64) uint64 { return 1 << 20 })},
		{ID: "F43", What: "dropped packets are not counted", Caught: []string{"NET-14"}, change: set(ending(".rx.drop"), func(v uint64) uint64 { return v / 2 })},
		{ID: "F44", What: "vCPUs have the delay of the first", Caught: []string{"VCP-15"}, change: borrowed("vcpu", "delay", "time")},
		{ID: "F45", What: "events are not counted", Caught: []string{"PRF-03", "PRF-06"}, change: set(func(name string) bool { return strings.HasPrefix(name, "perf.") }, zero)},
		{ID: "F46", What: "the maximum leaves memory modules out", Caught: []string{"BAL-15"}, change: set(func(name string) bool { return name == "balloon.maximum" }, func(v uint64) uint64 { return min(v, 65536) })},
		{ID: "F47", What: "the maximum of an inactive domain is its current memory", Caught: []string{"BAL-14"}, change: set(func(name string) bool { return name == "balloon.current" }, func(v uint64) uint64 { return max(v, 16384) })},
		{ID: "F48", What: "a type is wrong once the dirty rate is measured", Caught: []string{"DRT-03", "DRT-10"}, change: retypedWhen("dirtyrate.calc_start_time", "dirtyrate.megabytes_per_second")},
		{ID: "F49", What: "records end at 1000 parameters", Caught: []string{"VCP-16"}, change: capped(1000)},
		{ID: "F50", What: "failed halt polling counts as success", Caught: []string{"CPU-09"}, change: set(func(name string) bool { return name == "cpu.haltpoll.fail.time" }, func(v uint64) uint64 { return 4 * v })},
		{ID: "F51", What: "every vCPU has the dirty rate of the first", Caught: []string{"DRT-05", "DRT-11"}, change: oneRate},
		{ID: "F52", What: "each call leaves a descriptor open", Caught: []string{"CON-14"}, descriptors: 1},
		{ID: "F53", What: "each call leaves memory behind", Caught: []string{"CON-14"}, kib: 1},
		{ID: "F54", What: "QEMU takes nanoseconds for microseconds", Caught: []string{"QST-08"}, monitor: replacedIn("query-stats-schemas", `"exponent":-9`, `"exponent":-6`)},
		{ID: "F55", What: "QEMU's exits are its injected interrupts, and the other way round", Caught: []string{"MAP-09", "QST-09"}, monitor: exchangedIn("exits", "irq_injections")},
		{ID: "F56", What: "QEMU loses the end of a histogram", Caught: []string{"QST-09"}, monitor: replacedIn("query-stats", "[1,2,3]", "[1,2,0]")},
		{ID: "F57", What: "NOWAIT waits when all domains are asked for", Caught: []string{"CON-03"}, ask: waitForAll},
		{ID: "F58", What: "the allocation of a disk is its physical size", Caught: []string{"BLK-33"}, change: equated("allocation", "physical")},
		{ID: "F59", What: "the capacity of a disk is its physical size", Caught: []string{"BLK-33", "BLK-25"}, change: equated("capacity", "physical")},
	}
}
