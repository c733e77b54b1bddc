// SPDX-License-Identifier: GPL-2.0-or-later

package rpc

import (
	"context"
	"errors"

	libvirt "github.com/digitalocean/go-libvirt"

	"gitlab.com/lcitool/lcitool/domstats"
)

// do runs a call that answers nothing.
func (c *Client) do(ctx context.Context, d domstats.Domain, f func(libvirt.Domain) error) error {
	_, err := call(ctx, c, func() (struct{}, error) { return struct{}{}, f(toWire(d)) })
	return err
}

// State returns the state of a domain, with its reason.
func (c *Client) State(ctx context.Context, d domstats.Domain) (state, reason int32, err error) {
	v, err := call(ctx, c, func() ([2]int32, error) {
		s, r, err := c.lv.DomainGetState(toWire(d), 0)
		return [2]int32{s, r}, err
	})
	return v[0], v[1], err
}

// XML returns the live definition of a domain.
func (c *Client) XML(ctx context.Context, d domstats.Domain) (string, error) {
	return call(ctx, c, func() (string, error) { return c.lv.DomainGetXMLDesc(toWire(d), 0) })
}

// Define makes a persistent domain.
func (c *Client) Define(ctx context.Context, xml string) (domstats.Domain, error) {
	d, err := call(ctx, c, func() (libvirt.Domain, error) { return c.lv.DomainDefineXMLFlags(xml, 0) })
	return fromWire(d), err
}

func startFlags(paused bool) libvirt.DomainCreateFlags {
	if paused {
		return libvirt.DomainStartPaused
	}
	return libvirt.DomainNone
}

// Create starts a transient domain.
func (c *Client) Create(ctx context.Context, xml string, paused bool) (domstats.Domain, error) {
	d, err := call(ctx, c, func() (libvirt.Domain, error) { return c.lv.DomainCreateXML(xml, startFlags(paused)) })
	return fromWire(d), err
}

// Start runs a defined domain and returns it with its id.
func (c *Client) Start(ctx context.Context, d domstats.Domain, paused bool) (domstats.Domain, error) {
	out, err := call(ctx, c, func() (libvirt.Domain, error) {
		return c.lv.DomainCreateWithFlags(toWire(d), uint32(startFlags(paused)))
	})
	return fromWire(out), err
}

// Destroy pulls the plug.
func (c *Client) Destroy(ctx context.Context, d domstats.Domain) error {
	return c.do(ctx, d, c.lv.DomainDestroy)
}

// Undefine forgets the definition together with a managed save image and what is known of
// snapshots.
func (c *Client) Undefine(ctx context.Context, d domstats.Domain) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		// The test driver knows no flags.
		err := c.lv.DomainUndefineFlags(d, libvirt.DomainUndefineManagedSave|libvirt.DomainUndefineSnapshotsMetadata)
		var e libvirt.Error
		if errors.As(err, &e) && e.Code == domstats.CodeInvalidArg {
			return c.lv.DomainUndefineFlags(d, 0)
		}
		return err
	})
}

// Suspend pauses a domain.
func (c *Client) Suspend(ctx context.Context, d domstats.Domain) error {
	return c.do(ctx, d, c.lv.DomainSuspend)
}

// Resume lets a paused domain run.
func (c *Client) Resume(ctx context.Context, d domstats.Domain) error {
	return c.do(ctx, d, c.lv.DomainResume)
}

// Reset presses the reset button.
func (c *Client) Reset(ctx context.Context, d domstats.Domain) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainReset(d, 0) })
}

// Wakeup ends the sleep of a domain in state pm-suspended.
func (c *Client) Wakeup(ctx context.Context, d domstats.Domain) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainPmWakeup(d, 0) })
}

// Save writes a domain's memory to a file and ends it.
func (c *Client) Save(ctx context.Context, d domstats.Domain, path string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainSave(d, path) })
}

// Dump writes a domain's memory to a file, while it is paused, and ends it if that is asked for.
func (c *Client) Dump(ctx context.Context, d domstats.Domain, path string, ends bool) error {
	var flags libvirt.DomainCoreDumpFlags
	if ends {
		flags = libvirt.DumpCrash
	}
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainCoreDump(d, path, flags) })
}

// ManagedSave writes the domain's memory to disk and stops it.
func (c *Client) ManagedSave(ctx context.Context, d domstats.Domain) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainManagedSave(d, 0) })
}

// SetVCPU plugs or unplugs the vCPUs of a set, such as "2" or "1-3".
func (c *Client) SetVCPU(ctx context.Context, d domstats.Domain, set string, on bool) error {
	var state int32
	if on {
		state = 1
	}
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainSetVcpu(d, set, state, libvirt.DomainAffectLive) })
}

// SetMemory asks the guest to keep that many KiB.
func (c *Client) SetMemory(ctx context.Context, d domstats.Domain, kib uint64) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainSetMemoryFlags(d, kib, uint32(libvirt.DomainMemLive))
	})
}

// SetMemoryStatsPeriod makes QEMU ask for the guest's statistics every so many seconds, or
// never for 0.
func (c *Client) SetMemoryStatsPeriod(ctx context.Context, d domstats.Domain, seconds int32) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainSetMemoryStatsPeriod(d, seconds, libvirt.DomainMemLive)
	})
}

func (c *Client) attach(ctx context.Context, d domstats.Domain, xml string, where libvirt.DomainDeviceModifyFlags) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainAttachDeviceFlags(d, xml, uint32(where)) })
}

func (c *Client) detach(ctx context.Context, d domstats.Domain, xml string, where libvirt.DomainDeviceModifyFlags) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainDetachDeviceFlags(d, xml, uint32(where)) })
}

// Attach plugs in the device described by xml.
func (c *Client) Attach(ctx context.Context, d domstats.Domain, xml string) error {
	return c.attach(ctx, d, xml, libvirt.DomainDeviceModifyLive)
}

// AttachConfig adds the device described by xml to the definition.
func (c *Client) AttachConfig(ctx context.Context, d domstats.Domain, xml string) error {
	return c.attach(ctx, d, xml, libvirt.DomainDeviceModifyConfig)
}

// DetachConfig takes it out of the definition.
func (c *Client) DetachConfig(ctx context.Context, d domstats.Domain, xml string) error {
	return c.detach(ctx, d, xml, libvirt.DomainDeviceModifyConfig)
}

// Detach asks for the removal of the device described by xml and waits a few
// seconds for the guest; success does not mean that it is gone.
func (c *Client) Detach(ctx context.Context, d domstats.Domain, xml string) error {
	return c.detach(ctx, d, xml, libvirt.DomainDeviceModifyLive)
}

// Update changes a device in place: a medium, a link state.
func (c *Client) Update(ctx context.Context, d domstats.Domain, xml string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainUpdateDeviceFlags(d, xml, libvirt.DomainDeviceModifyLive)
	})
}
