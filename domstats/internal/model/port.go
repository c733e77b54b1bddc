// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// port is the serial port of the scripted guest.
type port struct {
	s *Stack
	d *domain
}

func (*port) Close() error { return nil }

// Ready waits for the guest to have started.
func (p *port) Ready(ctx context.Context) error {
	for {
		p.s.mu.Lock()
		p.d.advance(time.Now())
		ready := p.d.booted || p.d.rom
		p.s.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// DoUntilAnswered is Do: nothing is lost on the way.
func (p *port) DoUntilAnswered(ctx context.Context, command string) error { return p.Do(ctx, command) }

// Do carries a command out, which takes a moment.
func (p *port) Do(ctx context.Context, command string) error {
	select {
	case <-time.After(2 * time.Millisecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	d := p.d
	d.advance(time.Now())
	if !d.active() || d.state != running {
		return fmt.Errorf("the guest does not run")
	}
	switch c := command[0]; c {
	case 'e', 'u':
		d.letGo(c, int(command[1]-'@'))
	case 'x':
		if d.definition.OnPoweroff == "restart" {
			d.reset() // the state stays
			return nil
		}
		d.halt(1, p.s.qemu)
	case 'z':
		d.state, d.reason = pmSuspended, 0
	case 'P':
		switch d.state, d.reason = crashed, 1; d.definition.OnCrash {
		case "destroy":
			d.halt(ended, p.s.qemu)
		case "restart":
			d.restart(afterCrash)
		}
	case 'U':
	case 'r', 'w':
		if d.drive().fails(p.s) {
			d.state, d.reason = paused, ioError
			return p.mute(ctx)
		}
		return d.script(c)
	default:
		return d.script(c)
	}
	return nil
}

// mute is a guest that gives no answer. The lock is held before and after.
func (p *port) mute(ctx context.Context) error {
	p.s.mu.Unlock()
	defer p.s.mu.Lock()
	<-ctx.Done()
	return ctx.Err()
}

// script is what the other commands do.
func (d *domain) script(c byte) error {
	first := d.vcpus[0]
	switch c {
	case 'r':
		d.drive().read(4096)
	case 'w':
		d.drive().write(64*512, 4096)
	case 'n':
		d.pending = "second drive"
	case 'f':
		for _, k := range d.disks {
			if k.name() == "hda" {
				k.flush()
			}
		}
	case 'd', 'D':
		d.dirtied(map[byte]uint64{'d': 32, 'D': 4}[c])
		first.exits += 100
	case 'c', 'o':
		first.exits += 1000
		first.spend(time.Millisecond)
	case 's':
		d.busy = true
	case 'b':
		d.ballooned = d.target
	case 'S':
		d.toldAgain, d.told = !d.told.IsZero(), time.Now()
	case 'N':
		if d.card < len(d.nics) {
			d.nics[d.card].send(64)
		}
	case 'm':
		d.card++
	case 'h': // each vCPU has waited long already
	case 'T':
		first.poll += time.Millisecond
	case 'H':
		d.vcpus[1].poll += 3 * time.Millisecond
	default:
		n := int(c - '0')
		v, ok := d.vcpus[n]
		if n < 1 || n > 9 || !ok {
			return fmt.Errorf("command %q: the guest answered %q", c, '?')
		}
		v.spins = true
	}
	return nil
}

// drive is the BIOS drive that the guest has chosen.
func (d *domain) drive() *disk {
	if strings.HasPrefix(d.pending, "second") {
		for _, k := range d.disks {
			if k.x.Boot != nil && k.x.Boot.Order == 2 {
				return k
			}
		}
	}
	return d.bootDisk()
}

func (d *domain) dirtied(mib uint64) {
	if d.dirty.status() == 1 {
		d.dirty.pages += mib
	}
}

// letGo gives up the vCPU or the device in a PCI slot that was asked for.
func (d *domain) letGo(kind byte, n int) {
	if kind == 'u' {
		if d.pending == fmt.Sprintf("cpu%d", n) {
			delete(d.vcpus, n)
		}
		return
	}
	for _, k := range d.disks {
		if int(k.slot) == n && d.pending == k.name() {
			d.unplug(k.name())
			return
		}
	}
	for _, x := range d.nics {
		if int(x.slot) == n && d.pending == x.x.MAC.Address {
			d.unplug(x.x.MAC.Address)
			return
		}
	}
}
