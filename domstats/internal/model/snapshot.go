// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
)

// Save writes memory to a pipe from which nobody reads, until it is aborted.
func (c *conn) Save(ctx context.Context, id domstats.Domain, _ string) error {
	return c.write(ctx, id, saving, saveCanceled)
}

// Dump does the same with a pipe; a file takes no time.
func (c *conn) Dump(ctx context.Context, id domstats.Domain, path string, ends bool) error {
	if strings.HasSuffix(path, "pipe") {
		return c.write(ctx, id, dumping, 5)
	}
	return c.live(ctx, id, func(d *domain) error {
		switch {
		case ends:
			d.halt(ended, c.domains)
		case d.state == running:
			d.reason = 5
		}
		return nil
	})
}

// write pauses a domain for a reason until it is aborted, and resumes it for another one.
func (c *conn) write(ctx context.Context, id domstats.Domain, during, after int32) error {
	saving := make(chan struct{})
	if err := c.live(ctx, id, func(d *domain) error {
		d.saving, d.state, d.reason = saving, paused, during
		return nil
	}); err != nil {
		return err
	}
	select {
	case <-saving:
		if err := c.enterState(ctx, id, running, after); err != nil {
			return err
		}
		return fault(domstats.CodeOperationFailed, "the save was aborted")
	case <-c.closed:
		return rpc.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Snapshot puts an image on top of each disk.
func (c *conn) Snapshot(ctx context.Context, id domstats.Domain, xml string) error {
	return c.live(ctx, id, func(d *domain) error {
		for _, k := range d.disks {
			top := k.extra(c.s, source(xml), nil)
			k.images = slices.Insert(k.images, 0, *top)
			k.setPath(top.path)
		}
		return nil
	})
}

// InternalSnapshot remembers the state.
func (c *conn) InternalSnapshot(ctx context.Context, id domstats.Domain, name string) error {
	return c.with(ctx, id, func(d *domain) error {
		if d.snapshots == nil {
			d.snapshots = map[string]int32{}
		}
		if d.snapshots[name] = d.state; d.state == running {
			d.reason = 5
		}
		return nil
	})
}

// Revert ends the domain and starts it in that state.
func (c *conn) Revert(ctx context.Context, id domstats.Domain, name string) error {
	return c.with(ctx, id, func(d *domain) error {
		state, there := d.snapshots[name]
		if !there {
			return fault(domstats.CodeInvalidArg, "there is no snapshot %q", name)
		}
		if d.halt(reverted, c.domains); state != shutOff {
			d.boot(c.s, state == paused)
			d.reason = map[int32]int32{running: 4, paused: reverted}[state]
		}
		return nil
	})
}
