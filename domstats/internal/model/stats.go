// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
)

const knownFlags = 0xff | domstats.FlagNoWait | domstats.FlagBacking | domstats.FlagEnforce

// Stats answers as virConnectGetAllDomainStats and virDomainListGetStats do.
func (c *conn) Stats(ctx context.Context, list []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error) {
	const collecting = 4 * time.Millisecond
	if err := c.wait(ctx, time.After(collecting)); err != nil {
		return nil, err
	}
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	domains, err := c.choose(list, groups, flags)
	c.s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if groups == 0 {
		groups = domstats.AllGroups
	}
	var out []domstats.Record
	for _, d := range domains {
		r, ok, err := c.one(ctx, d, groups, flags)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, r)
		}
	}
	return out, nil
}

// choose checks the arguments and finds the domains.
func (c *conn) choose(list []domstats.Domain, groups domstats.Group, flags uint32) ([]*domain, error) {
	const most = 16384
	if len(list) > most {
		return nil, fault(domstats.CodeRPC, "Unable to decode message payload")
	}
	if bad := flags &^ knownFlags; bad != 0 {
		return nil, fault(domstats.CodeInvalidArg, "unsupported flags (0x%x) in function", bad)
	}
	if c.test {
		// This driver looks at the groups before it looks for domains.
		if err := refuse(groups, domstats.GroupState|domstats.GroupIOThread, flags); err != nil {
			return nil, err
		}
	}
	var out []*domain
	add := func(d *domain) error {
		if !d.selected(flags & 0xff) {
			return nil
		}
		out = append(out, d)
		if c.test {
			return nil
		}
		return refuse(groups, d.supported(), flags)
	}
	if len(list) == 0 {
		for _, d := range sorted(c.domains) {
			if err := add(d); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range list {
		if d, ok := c.domains[id.UUID]; ok {
			if err := add(d); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (d *domain) supported() domstats.Group {
	if d.active() {
		return domstats.AllGroups
	}
	return domstats.AllGroups &^ (domstats.GroupVM | domstats.GroupDirtyRate)
}

func refuse(groups, supported domstats.Group, flags uint32) error {
	if bad := groups &^ supported; bad != 0 && flags&domstats.FlagEnforce != 0 {
		return fault(domstats.CodeArgUnsupported, "argument unsupported: Stats types bits 0x%x are not supported by this daemon or QEMU", uint32(bad))
	}
	return nil
}

// selected applies the filters: flags of a row are alternatives, rows add up.
func (d *domain) selected(flags uint32) bool {
	row := func(none uint32, bits ...bool) bool {
		chosen, any := false, false
		for i, b := range bits {
			if flags&(none<<i) != 0 {
				any = true
				chosen = chosen || b
			}
		}
		return chosen || !any
	}
	other := d.state != running && d.state != paused && d.state != shutOff
	return row(1, d.active(), !d.active()) && row(4, d.persistent, !d.persistent) &&
		row(16, d.state == running, d.state == paused, d.state == shutOff, other)
}

// one makes the record of one domain, waiting for its job as libvirt does.
func (c *conn) one(ctx context.Context, d *domain, groups domstats.Group, flags uint32) (domstats.Record, bool, error) {
	job := false
	if groups&needJob != 0 && !c.test {
		var err error
		if job, err = c.takeJob(ctx, d, flags&domstats.FlagNoWait == 0); err != nil {
			return domstats.Record{}, false, err
		}
	}
	if job {
		defer func() { <-d.job }()
	}
	alive := true
	if job {
		var err error
		if alive, err = c.reach(ctx, d); err != nil {
			return domstats.Record{}, false, err
		}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	d.advance(time.Now())
	d.calls++
	if c.test {
		return testRecord(d, groups), true, nil
	}
	return d.record(c.s, groups, flags&domstats.FlagBacking != 0, job && alive), true, nil
}

func testRecord(d *domain, groups domstats.Group) domstats.Record {
	r := domstats.Record{Domain: d.id}
	if groups&domstats.GroupState != 0 {
		r.Params = append(r.Params, domstats.NewParam("state.state", d.state), domstats.NewParam("state.reason", d.reason))
	}
	if groups&domstats.GroupIOThread != 0 {
		r.Params = append(r.Params, d.iothreadParams(d.active())...)
	}
	return r
}

// takeJob reports whether the domain's job could be had: at once, or within the
// thirty seconds that libvirt waits.
func (c *conn) takeJob(ctx context.Context, d *domain, patient bool) (bool, error) {
	select {
	case d.job <- struct{}{}:
		return true, nil
	default:
	}
	if !patient {
		return false, nil
	}
	select {
	case d.job <- struct{}{}:
		return true, nil
	case <-time.After(30 * time.Second):
		return false, nil
	case <-c.closed:
		return false, rpc.ErrClosed
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// reach waits until the domain's QEMU answers; alive is false when it ended
// instead.
func (c *conn) reach(ctx context.Context, d *domain) (alive bool, err error) {
	c.s.mu.Lock()
	mute, gone, active := d.mute, d.gone, d.active()
	c.s.mu.Unlock()
	if !active || mute == nil {
		return active, nil
	}
	select {
	case <-gone:
		return false, nil
	case <-mute:
		select {
		case <-gone:
			return false, nil
		default:
			return true, nil
		}
	case <-c.closed:
		return false, rpc.ErrClosed
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
