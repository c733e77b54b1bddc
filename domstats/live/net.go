// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// NetDev reads the kernel's counters of a device.
func (h *Host) NetDev(name string) (suite.NetCounts, error) {
	text, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		return suite.NetCounts{}, err
	}
	return netDev(string(text), name)
}

func netDev(table, name string) (suite.NetCounts, error) {
	for line := range strings.Lines(table) {
		device, rest, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(device) != name {
			continue
		}
		fields := strings.Fields(rest)
		const columns = 16
		if len(fields) < columns {
			return suite.NetCounts{}, fmt.Errorf("device %q has %d counters only", name, len(fields))
		}
		var n [columns]uint64
		for i := range n {
			v, err := strconv.ParseUint(fields[i], 10, 64)
			if err != nil {
				return suite.NetCounts{}, fmt.Errorf("cannot read the counters of %q: %w", name, err)
			}
			n[i] = v
		}
		return suite.NetCounts{RxBytes: n[0], RxPackets: n[1], RxErrors: n[2], RxDropped: n[3],
			TxBytes: n[8], TxPackets: n[9], TxErrors: n[10], TxDropped: n[11]}, nil
	}
	return suite.NetCounts{}, fmt.Errorf("there is no device %q", name)
}
