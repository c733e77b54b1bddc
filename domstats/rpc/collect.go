// SPDX-License-Identifier: GPL-2.0-or-later

package rpc

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"gitlab.com/lcitool/lcitool/domstats"
)

// filters are the flags that select domains.
const filters = 0xff

// Collect asks for what Stats does, about many domains in less time: a daemon
// takes them one by one within a call, and each waits for its QEMU, so the
// domains are dealt out to calls that run side by side. Records come in no
// order. One call that fails makes all of it fail. No domains means all
// that the filter in flags selects.
func (c *Client) Collect(ctx context.Context, domains []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error) {
	// A daemon takes five calls of a client at a time, unless told otherwise.
	const calls = 5
	if len(domains) == 0 {
		var err error
		if domains, err = c.Domains(ctx, flags&filters); err != nil || len(domains) == 0 {
			return nil, err
		}
	}
	parts := min(calls, len(domains))
	answers := make([][]domstats.Record, parts)
	// No call is given up when another fails: that would end the connection.
	var group errgroup.Group
	for i := range parts {
		mine := domains[i*len(domains)/parts : (i+1)*len(domains)/parts]
		group.Go(func() (err error) {
			answers[i], err = c.Stats(ctx, mine, groups, flags)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(answers...), err
}
