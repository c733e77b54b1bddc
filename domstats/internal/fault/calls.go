// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"context"
	"fmt"

	"gitlab.com/lcitool/lcitool/domstats"
)

// The calls that change a domain, each with its events around it.

func (c conn) SetVCPU(ctx context.Context, d domstats.Domain, set string, on bool) error {
	return c.around(event{ctx: ctx, domain: d, added: on, prefix: "vcpu." + set + "."}, func() error { return c.Conn.SetVCPU(ctx, d, set, on) })
}

func (c conn) Attach(ctx context.Context, d domstats.Domain, xml string) error {
	return c.around(event{ctx: ctx, domain: d, added: true}, func() error { return c.Conn.Attach(ctx, d, xml) })
}

func (c conn) Detach(ctx context.Context, d domstats.Domain, xml string) error {
	return c.around(event{ctx: ctx, domain: d}, func() error { return c.Conn.Detach(ctx, d, xml) })
}

func (c conn) AddIOThread(ctx context.Context, d domstats.Domain, id uint32) error {
	return c.around(event{ctx: ctx, domain: d, added: true, prefix: fmt.Sprintf("iothread.%d.", id)}, func() error { return c.Conn.AddIOThread(ctx, d, id) })
}

func (c conn) DelIOThread(ctx context.Context, d domstats.Domain, id uint32) error {
	return c.around(event{ctx: ctx, domain: d, prefix: fmt.Sprintf("iothread.%d.", id)}, func() error { return c.Conn.DelIOThread(ctx, d, id) })
}

// SetIOThread tells of settings that are made alone.
func (c conn) SetIOThread(ctx context.Context, d domstats.Domain, id uint32, params ...domstats.Param) error {
	kind := "polling"
	if len(params) == 1 {
		kind += " alone"
	}
	return c.around(event{ctx: ctx, domain: d, added: true, prefix: kind}, func() error { return c.Conn.SetIOThread(ctx, d, id, params...) })
}

// SetMemoryStatsPeriod may have no effect.
func (c conn) SetMemoryStatsPeriod(ctx context.Context, d domstats.Domain, seconds int32) error {
	if c.f.ignored == "period" {
		return nil
	}
	return c.Conn.SetMemoryStatsPeriod(ctx, d, seconds)
}

// Destroy is remembered while it is under way.
func (c conn) Destroy(ctx context.Context, d domstats.Domain) error {
	count := func(dying, begun int) {
		c.m.mu.Lock()
		defer c.m.mu.Unlock()
		c.m.dying += dying
		c.m.begun += begun
	}
	count(1, 1)
	defer count(-1, 0)
	return c.Conn.Destroy(ctx, d)
}
