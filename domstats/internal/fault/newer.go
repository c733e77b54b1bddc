// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Newer is no fault: a libvirt that has a statistic in each group which the
// catalogue lacks. No case may fail for it.
func Newer() Fault {
	return Fault{ID: "newer", What: "statistics that are not in the catalogue", change: newer}
}

func newer(_ query, records []domstats.Record) []domstats.Record {
	for i, r := range records {
		seen := map[string]bool{}
		for _, p := range r.Params {
			group, _, _ := strings.Cut(p.Name, ".")
			if name := group + ".novelty"; group != "vm" && !seen[name] {
				seen[name] = true
				records[i].Params = append(records[i].Params, domstats.NewParam(name, uint64(1)))
			}
		}
	}
	return records
}
