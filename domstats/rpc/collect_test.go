// SPDX-License-Identifier: GPL-2.0-or-later

package rpc

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/wire"
)

// asked returns the number of domains in a call for statistics.
func asked(call wire.Packet) int { return int(binary.BigEndian.Uint32(call.Payload)) }

func someDomains(n int) []domstats.Domain {
	domains := make([]domstats.Domain, n)
	for i := range domains {
		domains[i] = domstats.Domain{Name: fmt.Sprintf("d%d", i), ID: int32(i)}
	}
	return domains
}

func TestCollectDealsOut(t *testing.T) {
	for n, want := range map[int]int64{1: 1, 4: 4, 5: 5, 7: 5, 50: 5} {
		var calls, total atomic.Int64
		o := daemon(t, func(_ net.Conn, call wire.Packet) []byte {
			calls.Add(1)
			total.Add(int64(asked(call)))
			payload, err := wire.EncodeRecords(make([]domstats.Record, asked(call)))
			if err != nil {
				return failure(call, 1, err.Error())
			}
			return success(call, payload)
		})
		records, err := open(t, o).Collect(t.Context(), someDomains(n), 0, 0)
		if err != nil || len(records) != n || total.Load() != int64(n) || calls.Load() != want {
			t.Errorf("%d domains: %d records, %d asked for in %d calls, %v", n, len(records), total.Load(), calls.Load(), err)
		}
	}
}

// A failed call fails the whole request, but the connection stays usable.
func TestCollectFails(t *testing.T) {
	var calls atomic.Int64
	o := daemon(t, func(_ net.Conn, call wire.Packet) []byte {
		if calls.Add(1) == 2 {
			return failure(call, 38, "gone")
		}
		payload, _ := wire.EncodeRecords(nil)
		return success(call, payload)
	})
	c := open(t, o)
	if _, err := c.Collect(t.Context(), someDomains(10), 0, 0); domstats.ErrorCode(err) != 38 {
		t.Errorf("got %v", err)
	}
	if _, err := c.Collect(t.Context(), someDomains(3), 0, 0); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
