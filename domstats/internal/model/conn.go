// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
)

type conn struct {
	s        *Stack
	domains  map[domstats.UUID]*domain
	test     bool
	readOnly bool
	once     sync.Once
	closed   chan struct{}
	daemon   chan struct{} // closed when the daemon that it belongs to ends
}

// Close ends the connection with all its calls.
func (c *conn) Close() { c.once.Do(func() { close(c.closed) }) }

// enter begins a call: it takes a moment, and the lock.
func (c *conn) enter(ctx context.Context) error {
	const moment = time.Millisecond
	if err := c.wait(ctx, time.After(moment)); err != nil {
		return err
	}
	c.s.mu.Lock()
	return nil
}

// wait blocks until done, unless the connection or ctx ends first.
func (c *conn) wait(ctx context.Context, done <-chan time.Time) error {
	select {
	case <-c.closed:
		return rpc.ErrClosed
	case <-c.daemon:
		return rpc.ErrClosed
	default:
	}
	select {
	case <-done:
		return nil
	case <-c.closed:
		return rpc.ErrClosed
	case <-c.daemon:
		return rpc.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func fault(code uint32, format string, args ...any) error {
	return &domstats.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// with runs f on a domain that exists, brought up to date.
func (c *conn) with(ctx context.Context, d domstats.Domain, f func(*domain) error) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.s.mu.Unlock()
	x, ok := c.domains[d.UUID]
	if !ok {
		return fault(domstats.CodeNoDomain, "domain not found: no domain with matching uuid %q", d.UUID)
	}
	x.advance(time.Now())
	return f(x)
}

func (c *conn) live(ctx context.Context, d domstats.Domain, f func(*domain) error) error {
	return c.with(ctx, d, func(x *domain) error {
		if !x.active() {
			return fault(domstats.CodeOperationInvalid, "domain is not running")
		}
		return f(x)
	})
}

// Domains lists the domains that a filter selects.
func (c *conn) Domains(ctx context.Context, filter uint32) ([]domstats.Domain, error) {
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	defer c.s.mu.Unlock()
	var out []domstats.Domain
	for _, d := range sorted(c.domains) {
		if d.selected(filter) {
			out = append(out, d.id)
		}
	}
	return out, nil
}

// Lookup finds a domain by name.
func (c *conn) Lookup(ctx context.Context, name string) (domstats.Domain, error) {
	if err := c.enter(ctx); err != nil {
		return domstats.Domain{}, err
	}
	defer c.s.mu.Unlock()
	for _, d := range c.domains {
		if d.id.Name == name {
			return d.id, nil
		}
	}
	return domstats.Domain{}, fault(domstats.CodeNoDomain, "no domain with name %q", name)
}

// Version is the release of libvirt that is simulated.
func (c *conn) Version(ctx context.Context) (domstats.Version, error) {
	return domstats.MakeVersion(11, 3, 0), c.wait(ctx, time.After(time.Millisecond))
}

// HypervisorVersion is the release of QEMU that is simulated.
func (c *conn) HypervisorVersion(ctx context.Context) (domstats.Version, error) {
	return domstats.MakeVersion(10, 0, 0), c.wait(ctx, time.After(time.Millisecond))
}

// Capabilities reports KVM, x86 guests and resource monitors.
func (c *conn) Capabilities(ctx context.Context) (string, error) {
	return `<capabilities><host><cache><monitor><feature name='llc_occupancy'/></monitor></cache><memory_bandwidth>` +
		`<monitor><feature name='mbm_local_bytes'/></monitor></memory_bandwidth></host>` +
		`<guest><arch name='x86_64'><domain type='qemu'/><domain type='kvm'/></arch></guest></capabilities>`, c.wait(ctx, time.After(time.Millisecond))
}

// Define makes a persistent domain.
func (c *conn) Define(ctx context.Context, xml string) (domstats.Domain, error) {
	return c.add(ctx, xml, func(d *domain) { d.persistent = true })
}

// Create starts a transient domain.
func (c *conn) Create(ctx context.Context, xml string, stopped bool) (domstats.Domain, error) {
	const starting = 100 * time.Millisecond
	if err := c.wait(ctx, time.After(starting)); err != nil {
		return domstats.Domain{}, err
	}
	return c.add(ctx, xml, func(d *domain) { d.boot(c.s, stopped) })
}

func (c *conn) add(ctx context.Context, xml string, begin func(*domain)) (domstats.Domain, error) {
	if err := c.enter(ctx); err != nil {
		return domstats.Domain{}, err
	}
	defer c.s.mu.Unlock()
	d, err := c.s.parse(xml)
	if err != nil {
		return domstats.Domain{}, err
	}
	for _, other := range c.domains {
		if d.definition.UUID == other.id.UUID.String() {
			other.redefine(d)
			return other.id, nil
		}
		if other.id.Name == d.id.Name {
			return domstats.Domain{}, fault(domstats.CodeOperationFailed, "domain %q already exists", d.id.Name)
		}
	}
	begin(d)
	c.domains[d.id.UUID] = d
	return d.id, nil
}

// Start runs a defined domain, from its saved memory if there is one.
func (c *conn) Start(ctx context.Context, d domstats.Domain, stopped bool) (domstats.Domain, error) {
	var id domstats.Domain
	err := c.with(ctx, d, func(x *domain) error {
		if lost := x.lost(c.s); lost != "" {
			x.reason = failed
			return fault(domstats.CodeSystem, "Cannot access storage file '%s'", lost)
		}
		restored, ballooned := x.saved, x.ballooned
		x.boot(c.s, stopped)
		if restored && !stopped {
			x.reason, x.booted = 3, true
		}
		if restored {
			x.ballooned, x.target = ballooned, ballooned
		}
		id = x.id
		return nil
	})
	return id, err
}

// Destroy ends a domain, which takes a little while.
func (c *conn) Destroy(ctx context.Context, d domstats.Domain) error {
	const dying = 20 * time.Millisecond
	if err := c.wait(ctx, time.After(dying)); err != nil {
		return err
	}
	return c.live(ctx, d, func(x *domain) error {
		x.halt(2, c.domains)
		return nil
	})
}

// Undefine forgets the definition.
func (c *conn) Undefine(ctx context.Context, d domstats.Domain) error {
	return c.with(ctx, d, func(x *domain) error {
		if x.persistent = false; !x.active() {
			delete(c.domains, x.id.UUID)
		}
		return nil
	})
}

// Suspend pauses a domain.
func (c *conn) Suspend(ctx context.Context, d domstats.Domain) error {
	return c.enterState(ctx, d, paused, 1)
}

// Resume lets it run.
func (c *conn) Resume(ctx context.Context, d domstats.Domain) error {
	return c.enterState(ctx, d, running, 5)
}

// Wakeup ends its sleep.
func (c *conn) Wakeup(ctx context.Context, d domstats.Domain) error {
	return c.enterState(ctx, d, running, 8)
}

func (c *conn) enterState(ctx context.Context, d domstats.Domain, state, reason int32) error {
	return c.live(ctx, d, func(x *domain) error {
		x.state, x.reason = state, reason
		return nil
	})
}

// Reset starts the guest again; QEMU's counters go on.
func (c *conn) Reset(ctx context.Context, d domstats.Domain) error {
	return c.live(ctx, d, func(x *domain) error {
		if x.definition.OnReboot == "destroy" {
			x.halt(1, c.domains)
			return nil
		}
		x.reset()
		return nil
	})
}

// reset has the guest start from the beginning.
func (d *domain) reset() {
	d.ran, d.booted, d.busy = 0, false, d.rom
	for _, v := range d.vcpus {
		v.spins = false
	}
}

// restart has it run from the beginning, for a reason.
func (d *domain) restart(reason int32) {
	d.reset()
	d.state, d.reason = running, reason
}

// ManagedSave stops a domain such that its next start goes on from here.
func (c *conn) ManagedSave(ctx context.Context, d domstats.Domain) error {
	return c.live(ctx, d, func(x *domain) error {
		x.halt(5, c.domains)
		x.saved = true
		return nil
	})
}
