// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import "gitlab.com/lcitool/lcitool/domstats"

// Faults about the reasons of states, which libvirt numbers.

// mistaken shows another reason of a state.
func mistaken(state, reason uint64, now int32) func(query, []domstats.Record) []domstats.Record {
	return func(_ query, records []domstats.Record) []domstats.Record {
		return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
			s, _ := r.Uint("state.state")
			why, ok := r.Uint("state.reason")
			if ok && p.Name == "state.reason" && s == state && why == reason {
				p.Value = now
			}
			return p
		})
	}
}
