// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults in the statistics of domains with unusual devices or topologies.

// Create tells of the definition.
func (c conn) Create(ctx context.Context, xml string, paused bool) (domstats.Domain, error) {
	d, err := c.Conn.Create(ctx, xml, paused)
	if err == nil && c.f.event != nil {
		c.f.event(c.m, event{ctx: ctx, conn: c.Conn, domain: d, after: true, added: true, prefix: "creation", xml: xml})
	}
	return d, err
}

// createdAs notes domains that were created with what is looked for.
func createdAs(kind string, match func(d libvirtxml.Domain) bool) func(*memory, event) {
	return madeAs("creation", kind, match)
}

// definedAs notes domains that were defined with what is looked for.
func definedAs(kind string, match func(d libvirtxml.Domain) bool) func(*memory, event) {
	return madeAs("definition", kind, match)
}

func madeAs(how, kind string, match func(d libvirtxml.Domain) bool) func(*memory, event) {
	return func(m *memory, e event) {
		var d libvirtxml.Domain
		if e.prefix == how && d.Unmarshal(e.xml) == nil && match(d) {
			m.note(kind, e.domain.UUID, 1)
		}
	}
}

func diskOnNetwork(d libvirtxml.Domain) bool {
	return d.Devices != nil && slices.ContainsFunc(d.Devices.Disks, func(x libvirtxml.DomainDisk) bool { return x.Source != nil && x.Source.Network != nil })
}

func vhostDisk(d libvirtxml.Domain) bool {
	return d.Devices != nil && slices.ContainsFunc(d.Devices.Disks, func(x libvirtxml.DomainDisk) bool { return x.Source != nil && x.Source.VHostUser != nil })
}

func encryptedDisk(d libvirtxml.Domain) bool {
	return d.Devices != nil && slices.ContainsFunc(d.Devices.Disks, func(x libvirtxml.DomainDisk) bool { return x.Source != nil && x.Source.Encryption != nil })
}

// headCounted has the length of each file as the capacity, where one is encrypted.
func headCounted(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		prefix, ok := strings.CutSuffix(p.Name, ".capacity")
		_, encrypted := q.m.noted("luks", r.Domain.UUID)
		if length, there := r.Lookup(prefix + ".physical"); ok && encrypted && there {
			p.Value = length.Value
		}
		return p
	})
}

// vhostUnnumbered has the number of vdb, which is the vhost-user disk, for what comes after it.
func vhostUnnumbered(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return named(records, func(r domstats.Record, name string) string {
		var n int
		var field string
		vdb, there := r.Named("block", "vdb")
		_, vhost := q.m.noted("vhost", r.Domain.UUID)
		if _, err := fmt.Sscanf(name, "block.%d.%s", &n, &field); err != nil || !vhost || !there || fmt.Sprintf("block.%d.", n) <= vdb {
			return name
		}
		return fmt.Sprintf("block.%d.%s", n-1, field)
	})
}

// withoutSizes leaves the sizes of images out.
func withoutSizes(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return without(records, func(r domstats.Record, name string) bool {
		_, network := q.m.noted("network", r.Domain.UUID)
		size := strings.HasSuffix(name, ".capacity") || strings.HasSuffix(name, ".physical") || strings.HasSuffix(name, ".allocation")
		return network && size && r.Domain.ID < 0
	})
}

func otherBalloon(d libvirtxml.Domain) bool {
	return d.Devices != nil && d.Devices.MemBalloon != nil && strings.Contains(d.Devices.MemBalloon.Model, "transitional")
}

// balloonNotFound leaves out what only the device knows.
func balloonNotFound(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return without(records, func(r domstats.Record, name string) bool {
		_, other := q.m.noted("balloon", r.Domain.UUID)
		return other && strings.HasPrefix(name, "balloon.") && name != "balloon.current" && name != "balloon.maximum" && name != "balloon.rss"
	})
}

func severalDies(d libvirtxml.Domain) bool {
	return d.CPU != nil && d.CPU.Topology != nil && d.CPU.Topology.Dies > 1
}

// withoutDies numbers the vCPUs of sockets with two dies of two cores by socket and core first.
func withoutDies(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return named(records, func(r domstats.Record, name string) string {
		_, dies := q.m.noted("dies", r.Domain.UUID)
		prefix := entity(name)
		var n int
		if _, err := fmt.Sscanf(prefix, "vcpu.%d.", &n); err != nil || !dies {
			return name
		}
		socket, die, core := n/4, n/2%2, n%2
		return fmt.Sprintf("vcpu.%d.%s", 4*socket+2*core+die, strings.TrimPrefix(name, prefix))
	})
}
