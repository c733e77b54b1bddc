// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"libvirt.org/go/libvirtxml"

	"gitlab.com/lcitool/lcitool/domstats"
)

// XML is the live definition with the PCI slots that matter.
func (c *conn) XML(ctx context.Context, id domstats.Domain) (string, error) {
	var text string
	err := c.with(ctx, id, func(d *domain) error {
		address := func(slot uint) *libvirtxml.DomainAddress {
			return &libvirtxml.DomainAddress{PCI: &libvirtxml.DomainAddressPCI{Slot: &slot}}
		}
		out := libvirtxml.Domain{Type: "qemu", Name: d.id.Name, Devices: &libvirtxml.DomainDeviceList{}}
		for _, k := range d.disks {
			x := *k.x
			if x.Target.Bus == "virtio" {
				x.Address = address(k.slot)
			}
			out.Devices.Disks = append(out.Devices.Disks, x)
		}
		for _, n := range d.nics {
			x := *n.x
			x.Address = address(n.slot)
			out.Devices.Interfaces = append(out.Devices.Interfaces, x)
		}
		var err error
		text, err = out.Marshal()
		return err
	})
	return text, err
}

// SetVCPU plugs a vCPU, or takes one away when the guest agrees in time.
func (c *conn) SetVCPU(ctx context.Context, id domstats.Domain, set string, on bool) error {
	n, err := strconv.Atoi(set)
	if err != nil {
		return fault(domstats.CodeInvalidArg, "vCPU set %q", set)
	}
	if on {
		return c.live(ctx, id, func(d *domain) error {
			if _, most := d.cpuCounts(); n >= most {
				return fault(domstats.CodeInvalidArg, "there is no vCPU %d", n)
			}
			d.plug(n)
			return nil
		})
	}
	gone := func(d *domain) bool { _, there := d.vcpus[n]; return !there }
	ok, err := c.askGuest(ctx, id, fmt.Sprintf("cpu%d", n), gone)
	if err == nil && !ok {
		return fault(domstats.CodeOperationFailed, "the guest did not let go of vCPU %d", n)
	}
	return err
}

// askGuest requests that the guest lets something go and waits, with the
// domain's job held, as long as libvirt does.
func (c *conn) askGuest(ctx context.Context, id domstats.Domain, what string, gone func(*domain) bool) (bool, error) {
	var d *domain
	if err := c.live(ctx, id, func(x *domain) error { d = x; return nil }); err != nil {
		return false, err
	}
	if ok, err := c.takeJob(ctx, d, true); err != nil || !ok {
		return false, fault(domstats.CodeOperationFailed, "cannot acquire the job: %v", err)
	}
	defer func() { <-d.job }()
	set := func(what string) bool {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		d.pending = what
		return gone(d)
	}
	const patience, step = 5 * time.Second, 50 * time.Millisecond
	set(what)
	for range patience / step {
		if err := c.wait(ctx, time.After(step)); err != nil {
			return false, err
		}
		c.s.mu.Lock()
		done := gone(d)
		c.s.mu.Unlock()
		if done {
			return true, nil
		}
	}
	return false, nil
}

// SetMemory sets a target that the guest may follow.
func (c *conn) SetMemory(ctx context.Context, id domstats.Domain, kib uint64) error {
	return c.live(ctx, id, func(d *domain) error {
		if kib > d.memory {
			return fault(domstats.CodeInvalidArg, "cannot set memory higher than max memory")
		}
		d.target = kib
		return nil
	})
}

// SetMemoryStatsPeriod sets the period of the balloon.
func (c *conn) SetMemoryStatsPeriod(ctx context.Context, id domstats.Domain, seconds int32) error {
	return c.live(ctx, id, func(d *domain) error {
		d.period = seconds
		return nil
	})
}

// Attach plugs a disk or an interface in.
func (c *conn) Attach(ctx context.Context, id domstats.Domain, xml string) error {
	return c.live(ctx, id, func(d *domain) error {
		if kib, ok := module(xml); ok {
			if d.definition.MaximumMemory == nil {
				return fault(domstats.CodeInvalidArg, "memory hotplug is not configured")
			}
			d.memory += kib
			d.ballooned += kib
			return nil
		}
		x, y, err := device(xml)
		if err != nil {
			return err
		}
		if x == nil {
			d.addNIC(c.s, y)
			return nil
		}
		return d.plugDisk(c.s, x)
	})
}

// plugDisk adds a disk whose target is free and whose file or server is there.
func (d *domain) plugDisk(s *Stack, x *libvirtxml.DomainDisk) error {
	k := &disk{x: x}
	_, there := s.files[k.path()]
	_, err := d.disk(k.name())
	switch {
	case err == nil:
		return fault(domstats.CodeInvalidArg, "target %s already exists", k.name())
	case k.path() != "" && !there, k.nbd():
		return fault(domstats.CodeInternal, "cannot open the disk %s", k.name())
	}
	d.addDisk(s, x)
	return nil
}

// AttachConfig adds a memory module to the definition, which is another one while it runs.
func (c *conn) AttachConfig(ctx context.Context, id domstats.Domain, xml string) error {
	return c.resize(ctx, id, xml, func(memory, kib uint64) uint64 { return memory + kib })
}

// DetachConfig takes one out of it.
func (c *conn) DetachConfig(ctx context.Context, id domstats.Domain, xml string) error {
	return c.resize(ctx, id, xml, func(memory, kib uint64) uint64 { return memory - kib })
}

func (c *conn) resize(ctx context.Context, id domstats.Domain, xml string, change func(memory, kib uint64) uint64) error {
	kib, ok := module(xml)
	if !ok {
		return fault(domstats.CodeInvalidArg, "no memory module: %s", xml)
	}
	return c.with(ctx, id, func(d *domain) error {
		if d.active() && d.next == nil {
			next := *d
			d.next = &next
		}
		if d.active() {
			d = d.next
		}
		d.memory, d.current = change(d.memory, kib), change(d.current, kib)
		d.ballooned, d.target = d.memory, d.current
		return nil
	})
}

// module reads the size of a memory module.
func module(xml string) (kib uint64, ok bool) {
	m := regexp.MustCompile(`^<memory .*<size unit='KiB'>([0-9]+)</size>`).FindStringSubmatch(xml)
	if m == nil {
		return 0, false
	}
	kib, err := strconv.ParseUint(m[1], 10, 32)
	return kib, err == nil
}

func device(xml string) (*libvirtxml.DomainDisk, *libvirtxml.DomainInterface, error) {
	var disk libvirtxml.DomainDisk
	var nic libvirtxml.DomainInterface
	if strings.HasPrefix(xml, "<disk") {
		return &disk, nil, disk.Unmarshal(xml)
	}
	return nil, &nic, nic.Unmarshal(xml)
}

// Detach plugs a device out: at once on buses that need no guest, with the
// guest's help on PCI; without it the request stays.
func (c *conn) Detach(ctx context.Context, id domstats.Domain, xml string) error {
	if kib, ok := module(xml); ok {
		_, err := c.askGuest(ctx, id, "memory "+strconv.FormatUint(kib, 10), func(*domain) bool { return false })
		return err
	}
	x, y, err := device(xml)
	if err != nil {
		return fault(domstats.CodeInvalidArg, "%v", err)
	}
	name, alone := "", false
	if x != nil {
		name, alone = x.Target.Dev, x.Target.Bus != "virtio"
	} else {
		name, alone = y.MAC.Address, y.Model.Type == "usb-net"
	}
	if alone {
		return c.live(ctx, id, func(d *domain) error { d.unplug(name); return nil })
	}
	_, err = c.askGuest(ctx, id, name, func(d *domain) bool { return !d.has(name) })
	return err
}

func (d *domain) has(name string) bool {
	return slices.ContainsFunc(d.disks, func(k *disk) bool { return k.name() == name }) ||
		slices.ContainsFunc(d.nics, func(n *nic) bool { return n.x.MAC.Address == name })
}

func (d *domain) unplug(name string) {
	d.disks = slices.DeleteFunc(d.disks, func(k *disk) bool { return k.name() == name })
	d.nics = slices.DeleteFunc(d.nics, func(n *nic) bool { return n.x.MAC.Address == name })
}

// Update changes a medium; a link state shows nowhere.
func (c *conn) Update(ctx context.Context, id domstats.Domain, xml string) error {
	return c.live(ctx, id, func(d *domain) error {
		x, _, err := device(xml)
		if err != nil || x == nil {
			return err
		}
		k, err := d.disk(x.Target.Dev)
		if err != nil {
			return err
		}
		k.x = x
		k.open(c.s)
		return nil
	})
}

// SetPerf switches events; those that no virtual machine has are refused.
func (c *conn) SetPerf(ctx context.Context, id domstats.Domain, on bool, events ...string) error {
	return c.live(ctx, id, func(d *domain) error {
		for _, e := range events {
			switch {
			case e == "cmt":
				return fault(domstats.CodeSystem, "cannot enable the event cmt: no such device")
			case on:
				d.perf[e] = d.events()
			default:
				delete(d.perf, e)
			}
		}
		return nil
	})
}

// AddIOThread adds an I/O thread.
func (c *conn) AddIOThread(ctx context.Context, id domstats.Domain, n uint32) error {
	return c.live(ctx, id, func(d *domain) error {
		if _, there := d.iothreads[n]; there {
			return fault(domstats.CodeInvalidArg, "there is an IOThread %d", n)
		}
		d.iothreads[n] = &iothread{max: 32768}
		d.made++
		return nil
	})
}

// DelIOThread deletes one.
func (c *conn) DelIOThread(ctx context.Context, id domstats.Domain, n uint32) error {
	return c.live(ctx, id, func(d *domain) error {
		if _, there := d.iothreads[n]; !there {
			return fault(domstats.CodeInvalidArg, "no IOThread %d", n)
		}
		delete(d.iothreads, n)
		return nil
	})
}

// SetIOThread changes one.
func (c *conn) SetIOThread(ctx context.Context, id domstats.Domain, n uint32, params ...domstats.Param) error {
	return c.live(ctx, id, func(d *domain) error {
		t, ok := d.iothreads[n]
		if !ok {
			return fault(domstats.CodeInvalidArg, "no IOThread %d", n)
		}
		for _, p := range params {
			v, _ := p.Uint()
			switch p.Name {
			case "poll_max_ns":
				t.max = v
			case "poll_grow":
				t.grow = v
			case "poll_shrink":
				t.shrink = v
			}
		}
		return nil
	})
}

// StartDirtyRate starts a measurement.
func (c *conn) StartDirtyRate(ctx context.Context, id domstats.Domain, seconds int32, mode uint32) error {
	return c.live(ctx, id, func(d *domain) error {
		ring := d.definition.Features != nil && d.definition.Features.KVM != nil
		if seconds < 1 || seconds > 60 || mode == 2 && !ring {
			return fault(domstats.CodeInvalidArg, "cannot measure for %d s in mode %d", seconds, mode)
		}
		d.dirty = dirtyRate{start: time.Now(), period: seconds, mode: []string{"page-sampling", "dirty-bitmap", "dirty-ring"}[mode], byVCPUs: mode == 2}
		return nil
	})
}
