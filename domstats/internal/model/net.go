// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"fmt"

	"libvirt.org/go/libvirtxml"

	"gitlab.com/lcitool/lcitool/domstats"
)

// A nic is one interface; its counters are the guest's.
type nic struct {
	x                *libvirtxml.DomainInterface
	device           string // on the host; empty for a user interface
	slot             uint
	shared           bool // the host's directions are the guest's
	rxDrop           uint64
	rxPkts, txPkts   uint64
	rxBytes, txBytes uint64
	txDrop, txErrs   uint64
	rxErrs           uint64 // of a macvtap
	receives         bool
	gone             bool // the host's device has another name
}

func (d *domain) addNIC(s *Stack, x *libvirtxml.DomainInterface) {
	n := &nic{x: x, slot: d.freeSlot()}
	if x.Source == nil || x.Source.User == nil {
		n.device = fmt.Sprintf("vnet%d", len(s.devices))
		if t := x.Target; t != nil && t.Managed == "no" {
			n.device, n.shared = t.Dev, true
		}
		if t := x.Target; t != nil && t.Managed == "" {
			n.device = t.Dev
		}
		s.devices[n.device] = n
	}
	d.nics = append(d.nics, n)
}

// send is a frame that nobody on the host wants.
func (n *nic) send(bytes uint64) {
	n.txPkts++
	n.txBytes += bytes
	n.txDrop++
	n.receives = true
}

func (d *domain) netParams() []domstats.Param {
	if !d.active() {
		return nil
	}
	out := []domstats.Param{domstats.NewParam("net.count", uint32(len(d.nics)))}
	for i, n := range d.nics {
		if n.device == "" {
			continue
		}
		p := fmt.Sprintf("net.%d.", i)
		out = append(out, domstats.NewParam(p+"name", n.device))
		if n.gone {
			continue
		}
		for _, f := range []struct {
			name  string
			value uint64
		}{{"rx.bytes", n.rxBytes}, {"rx.pkts", n.rxPkts}, {"rx.errs", n.rxErrs}, {"rx.drop", n.rxDrop},
			{"tx.bytes", n.txBytes}, {"tx.pkts", n.txPkts}, {"tx.errs", n.txErrs}, {"tx.drop", n.txDrop}} {
			out = append(out, domstats.NewParam(p+f.name, f.value))
		}
	}
	return out
}
