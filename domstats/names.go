// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"fmt"
	"strings"
)

// bitNames joins the names of bits; those without a name stay a number.
func bitNames(bits uint32, names []string) string {
	var out []string
	for i, n := range names {
		if n != "" && bits&(1<<i) != 0 {
			out = append(out, n)
			bits &^= 1 << i
		}
	}
	if bits != 0 {
		out = append(out, fmt.Sprintf("%#x", bits))
	}
	if len(out) == 0 {
		return "0"
	}
	return strings.Join(out, "|")
}

// String returns the words of the groups: "state|cpu".
func (g Group) String() string {
	if g == AllGroups {
		return "all groups"
	}
	var names []string
	for _, info := range Groups() {
		names = append(names, info.Name)
	}
	return bitNames(uint32(g), names)
}

// FlagNames returns the last words of libvirt's constants for flags: "ACTIVE|NOWAIT".
func FlagNames(flags uint32) string {
	names := make([]string, 32)
	copy(names, []string{"ACTIVE", "INACTIVE", "PERSISTENT", "TRANSIENT", "RUNNING", "PAUSED", "SHUTOFF", "OTHER"})
	names[29], names[30], names[31] = "NOWAIT", "BACKING", "ENFORCE_STATS"
	return bitNames(flags, names)
}

// word picks a name; numbers without one stay numbers.
func word(n uint64, names ...string) string {
	if n < uint64(len(names)) && names[n] != "" {
		return names[n]
	}
	return fmt.Sprint(n)
}

// StateName is libvirt's word for a domain's state.
func StateName(state uint64) string {
	return word(state, "no state", "running", "blocked", "paused", "shutting down", "shut off", "crashed", "pm-suspended")
}

// ReasonName is libvirt's word for the reason of a state.
func ReasonName(state, reason uint64) string {
	switch state {
	case 1:
		return word(reason, "unknown", "booted", "migrated", "restored", "from snapshot", "unpaused", "migration canceled",
			"save canceled", "wakeup", "crashed", "post-copy", "post-copy failed")
	case 3:
		return word(reason, "unknown", "user", "migration", "saving", "dump", "I/O error", "watchdog", "from snapshot", "shutting down",
			"snapshot", "crashed", "starting up", "post-copy", "post-copy failed", "API error")
	case 5:
		return word(reason, "unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon")
	case 6:
		return word(reason, "unknown", "panicked")
	}
	return word(reason, "unknown")
}

// ValueName is the word for a number of a statistic that has words: states and
// the status of a dirty rate. Reasons need the state, see [ReasonName].
func ValueName(name string, value uint64) (string, bool) {
	switch {
	case name == "state.state":
		return StateName(value), true
	case name == "dirtyrate.calc_status":
		return word(value, "unstarted", "measuring", "measured"), true
	case strings.HasPrefix(name, "vcpu.") && strings.HasSuffix(name, ".state"):
		return word(value, "offline", "running", "blocked"), true
	}
	return "", false
}
