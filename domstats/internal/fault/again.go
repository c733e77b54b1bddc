// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"libvirt.org/go/libvirtxml"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults that show only after another call: a definition, a merge, a backup.

// Define tells of the definition before and after.
func (c conn) Define(ctx context.Context, xml string) (domstats.Domain, error) {
	d, err := c.Conn.Define(ctx, xml)
	if err == nil && c.f.event != nil {
		c.f.event(c.m, event{ctx: ctx, conn: c.Conn, domain: d, after: true, added: true, prefix: "definition", xml: xml})
	}
	return d, err
}

// BlockCommit tells of the merge.
func (c conn) BlockCommit(ctx context.Context, d domstats.Domain, disk, top string) error {
	e := event{ctx: ctx, domain: d, added: true, prefix: "merge"}
	if top != "" {
		e.prefix = "merge below"
	}
	return c.around(e, func() error { return c.Conn.BlockCommit(ctx, d, disk, top) })
}

// BlockCopy tells of the copy.
func (c conn) BlockCopy(ctx context.Context, d domstats.Domain, disk, xml string) error {
	return c.around(event{ctx: ctx, domain: d, added: true, prefix: "copy"}, func() error { return c.Conn.BlockCopy(ctx, d, disk, xml) })
}

// BlockPull tells of it.
func (c conn) BlockPull(ctx context.Context, d domstats.Domain, disk string) error {
	return c.around(event{ctx: ctx, domain: d, added: true, prefix: "pull"}, func() error { return c.Conn.BlockPull(ctx, d, disk) })
}

// Backup tells of the backup.
func (c conn) Backup(ctx context.Context, d domstats.Domain, xml string) error {
	return c.around(event{ctx: ctx, domain: d, added: true, prefix: "backup"}, func() error { return c.Conn.Backup(ctx, d, xml) })
}

// note remembers that something of a kind happened to a domain, with a number.
func (m *memory) note(kind string, id domstats.UUID, n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[kind+" "+id.String()] = domstats.NewParam(kind, n)
}

// noted returns the number of a note; the lock is held.
func (m *memory) noted(kind string, id domstats.UUID) (uint64, bool) {
	p, ok := m.values[kind+" "+id.String()]
	n, _ := p.Uint()
	return n, ok
}

// happened notes events of a kind.
func happened(kind string) func(*memory, event) {
	return func(m *memory, e event) {
		if e.prefix == kind {
			m.note(kind, e.domain.UUID, 1)
		}
	}
}

// memoryDefined notes how much memory the last definition has.
func memoryDefined(m *memory, e event) {
	var d libvirtxml.Domain
	if e.prefix == "definition" && d.Unmarshal(e.xml) == nil && d.Memory != nil {
		m.note("memory", e.domain.UUID, uint64(d.Memory.Value))
	}
}

// ofNextRun shows the memory of the next run for a domain that runs.
func ofNextRun(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		if n, ok := q.m.noted("memory", r.Domain.UUID); ok && r.Domain.ID >= 0 && p.Name == "balloon.maximum" {
			p.Value = n
		}
		return p
	})
}

// listedTwice lists the last image of a domain once more after something happened to it, if it
// has enough of them.
func listedTwice(kind string, enough uint64) func(query, []domstats.Record) []domstats.Record {
	return func(q query, records []domstats.Record) []domstats.Record {
		q.m.mu.Lock()
		defer q.m.mu.Unlock()
		return lastTwice(records, func(r domstats.Record, images uint64) bool {
			_, happened := q.m.noted(kind, r.Domain.UUID)
			return happened && images >= enough
		})
	}
}

func lastTwice(records []domstats.Record, match func(r domstats.Record, images uint64) bool) []domstats.Record {
	out := plus(records, func(r domstats.Record) []domstats.Param {
		n, ok := r.Uint("block.count")
		if !ok || !match(r, n) {
			return nil
		}
		var more []domstats.Param
		last, next := fmt.Sprintf("block.%d.", n-1), fmt.Sprintf("block.%d.", n)
		for _, p := range r.Params {
			if field, ok := strings.CutPrefix(p.Name, last); ok {
				more = append(more, domstats.NewParam(next+field, p.Value))
			}
		}
		return more
	})
	return each(out, func(r domstats.Record, p domstats.Param) domstats.Param {
		if n, ok := p.Value.(uint32); ok && p.Name == "block.count" && r.Has(fmt.Sprintf("block.%d.name", n)) {
			p.Value = n + 1
		}
		return p
	})
}

// shortenedBy leaves what needs the job out of calls with NOWAIT for a domain to
// which something happened.
func shortenedBy(kind string) func(query, []domstats.Record) []domstats.Record {
	return func(q query, records []domstats.Record) []domstats.Record {
		q.m.mu.Lock()
		defer q.m.mu.Unlock()
		c := domstats.NewCatalogue()
		return without(records, func(r domstats.Record, name string) bool {
			_, happened := q.m.noted(kind, r.Domain.UUID)
			s, known := c.Lookup(name)
			return happened && q.flags&domstats.FlagNoWait != 0 && known && !s.NoJob
		})
	}
}

// firstSchema maps by what QEMU offered when it was asked first.
func firstSchema(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return without(records, func(r domstats.Record, name string) bool {
		if r.Domain.ID < 0 || !r.Has("vcpu.0.time") || !r.Has("cpu.haltpoll.fail.time") {
			return false
		}
		had, asked := q.m.noted("schema", r.Domain.UUID)
		if !asked {
			had = 0
			if slices.ContainsFunc(r.Params, func(p domstats.Param) bool { return extended(p.Name) }) {
				had = 1
			}
			q.m.values["schema "+r.Domain.UUID.String()] = domstats.NewParam("schema", had)
		}
		return had == 0 && extended(name)
	})
}

// alikeJoined gives a vCPU the extended values of the one whose number begins with its own.
func alikeJoined(_ query, records []domstats.Record) []domstats.Record {
	return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
		e := entity(p.Name)
		if !extended(p.Name) || e == "" {
			return p
		}
		n, field := strings.TrimSuffix(strings.TrimPrefix(e, "vcpu."), "."), strings.TrimPrefix(p.Name, e)
		for _, other := range r.Indices("vcpu") {
			if text := strconv.Itoa(other); text != n && strings.HasPrefix(text, n) {
				if o, ok := r.Lookup(vcpuName(other, field)); ok {
					p.Value = o.Value
				}
			}
		}
		return p
	})
}

// firstValue shows a statistic as it was at the first look, of domains that match.
func firstValue(match func(r domstats.Record, name string) bool) func(query, []domstats.Record) []domstats.Record {
	return func(q query, records []domstats.Record) []domstats.Record {
		q.m.mu.Lock()
		defer q.m.mu.Unlock()
		return each(records, func(r domstats.Record, p domstats.Param) domstats.Param {
			if !match(r, p.Name) {
				return p
			}
			key := "first " + r.Domain.UUID.String() + p.Name
			if old, ok := q.m.values[key]; ok {
				return old
			}
			q.m.values[key] = p
			return p
		})
	}
}
