// SPDX-License-Identifier: GPL-2.0-or-later

package rpc

import (
	"context"
	"fmt"

	libvirt "github.com/digitalocean/go-libvirt"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Stats asks for the statistics of domains, or of all when there are none,
// in the groups given (0 means all that the daemon has). Records come in no
// order.
func (c *Client) Stats(ctx context.Context, domains []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error) {
	list := make([]libvirt.Domain, len(domains))
	for i, d := range domains {
		list[i] = toWire(d)
	}
	raw, err := call(ctx, c, func() ([]libvirt.DomainStatsRecord, error) {
		return c.lv.ConnectGetAllDomainStats(list, uint32(groups), flags)
	})
	if err != nil {
		return nil, err
	}
	records := make([]domstats.Record, len(raw))
	for i, r := range raw {
		records[i].Domain = fromWire(r.Dom)
		records[i].Params = make([]domstats.Param, len(r.Params))
		for j, p := range r.Params {
			if records[i].Params[j], err = param(p); err != nil {
				return nil, err
			}
		}
	}
	return records, nil
}

func param(p libvirt.TypedParam) (domstats.Param, error) {
	out := domstats.NewParam(p.Field, p.Value.I)
	if v, ok := p.Value.I.(int32); ok && domstats.Type(p.Value.D) == domstats.Bool {
		out = domstats.NewParam(p.Field, v != 0)
	}
	if out.Type == 0 || out.Type != domstats.Type(p.Value.D) {
		return out, fmt.Errorf("parameter %q has type %d and a %T", p.Field, p.Value.D, p.Value.I)
	}
	return out, nil
}

func wireParams(params []domstats.Param) []libvirt.TypedParam {
	out := make([]libvirt.TypedParam, len(params))
	for i, p := range params {
		v := p.Value
		if b, ok := v.(bool); ok {
			v = int32(0)
			if b {
				v = int32(1)
			}
		}
		out[i] = libvirt.TypedParam{Field: p.Name, Value: libvirt.TypedParamValue{D: uint32(p.Type), I: v}}
	}
	return out
}

func toWire(d domstats.Domain) libvirt.Domain {
	return libvirt.Domain{Name: d.Name, UUID: libvirt.UUID(d.UUID), ID: d.ID}
}

func fromWire(d libvirt.Domain) domstats.Domain {
	return domstats.Domain{Name: d.Name, UUID: domstats.UUID(d.UUID), ID: d.ID}
}

// Monitor passes a command to the domain's QEMU and returns its reply: JSON,
// or lines of the human monitor when human is set. A refusal by QEMU is a reply.
func (c *Client) Monitor(ctx context.Context, d domstats.Domain, command string, human bool) (string, error) {
	var flags uint32
	if human {
		flags = 1
	}
	return call(ctx, c, func() (string, error) { return c.lv.QEMUDomainMonitorCommand(toWire(d), command, flags) })
}

// Domains lists the domains that the filter flags select; 0 selects all.
func (c *Client) Domains(ctx context.Context, filter uint32) ([]domstats.Domain, error) {
	raw, err := call(ctx, c, func() ([]libvirt.Domain, error) {
		list, _, err := c.lv.ConnectListAllDomains(1, listFlags(filter))
		return list, err
	})
	out := make([]domstats.Domain, len(raw))
	for i, d := range raw {
		out[i] = fromWire(d)
	}
	return out, err
}

// listFlags translates the filters of the statistics call, which have the
// same bits.
func listFlags(filter uint32) libvirt.ConnectListAllDomainsFlags {
	return libvirt.ConnectListAllDomainsFlags(filter)
}

// Lookup finds a domain by its name; an unknown one is [domstats.CodeNoDomain].
func (c *Client) Lookup(ctx context.Context, name string) (domstats.Domain, error) {
	d, err := call(ctx, c, func() (libvirt.Domain, error) { return c.lv.DomainLookupByName(name) })
	return fromWire(d), err
}

// Version is libvirt's release.
func (c *Client) Version(ctx context.Context) (domstats.Version, error) {
	v, err := call(ctx, c, c.lv.ConnectGetLibVersion)
	return domstats.Version(v), err
}

// HypervisorVersion is the release of the default QEMU; 2 for the test driver.
func (c *Client) HypervisorVersion(ctx context.Context) (domstats.Version, error) {
	v, err := call(ctx, c, c.lv.ConnectGetVersion)
	return domstats.Version(v), err
}

// Capabilities is the host's capabilities document.
func (c *Client) Capabilities(ctx context.Context) (string, error) {
	return call(ctx, c, c.lv.ConnectGetCapabilities)
}

// Driver is the name of the hypervisor driver: "QEMU", "TEST".
func (c *Client) Driver(ctx context.Context) (string, error) {
	return call(ctx, c, c.lv.ConnectGetType)
}
