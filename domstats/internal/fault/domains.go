// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults about which domain is meant, and about what comes and goes.

func ignoreFilters(q *query) { q.flags &^= 0xff }

func waitForAll(q *query) {
	if len(q.domains) == 0 {
		q.flags &^= domstats.FlagNoWait
	}
}

// foreign gives each domain the record of another one: of the next in the
// answer, or of any other domain when there is only one.
func foreign(q query, records []domstats.Record) []domstats.Record {
	out := make([]domstats.Record, len(records))
	for i, r := range records {
		other := records[(i+1)%len(records)]
		if len(records) == 1 {
			all := q.records(q.groups)
			j := slices.IndexFunc(all, func(x domstats.Record) bool { return x.Domain.UUID != r.Domain.UUID })
			if j < 0 {
				return records
			}
			other = all[j]
		}
		out[i] = domstats.Record{Domain: r.Domain, Params: other.Params}
	}
	return out
}

func merged(_ query, records []domstats.Record) []domstats.Record {
	var out []domstats.Record
	for _, r := range records {
		if !slices.ContainsFunc(out, func(x domstats.Record) bool { return x.Domain.UUID == r.Domain.UUID }) {
			out = append(out, r)
		}
	}
	return out
}

// strict refuses a list with a domain that gave no record.
func strict(q query, records []domstats.Record) error {
	for _, d := range q.domains {
		if !slices.ContainsFunc(records, func(r domstats.Record) bool { return r.Domain.UUID == d.UUID }) {
			return &domstats.Error{Code: domstats.CodeNoDomain, Message: "domain not found"}
		}
	}
	return nil
}

// contagious fails a call during which a domain was destroyed.
func contagious(q query, _ []domstats.Record) error {
	if after := q.m.destructions(); q.before >= 0 && after == q.before {
		return nil
	}
	return &domstats.Error{Code: domstats.CodeSystem, Message: "Unable to read from monitor: Connection reset by peer"}
}

// entity is the part of a name that says what it belongs to: "vcpu.2.".
func entity(name string) string {
	parts := strings.SplitN(name, ".", 3)
	if len(parts) < 3 || parts[1] == "" || strings.Trim(parts[1], "0123456789") != "" {
		return ""
	}
	return parts[0] + "." + parts[1] + "."
}

func entities(r domstats.Record) []string {
	var out []string
	for _, p := range r.Params {
		if e := entity(p.Name); e != "" && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

const pluggable = domstats.GroupVCPU | domstats.GroupInterface | domstats.GroupBlock | domstats.GroupIOThread

// look takes what an event's domain has, without the fault. Groups that need
// the job are not waited for.
func (e event) look() domstats.Record {
	records, err := e.conn.Stats(e.ctx, []domstats.Domain{e.domain}, pluggable, domstats.FlagNoWait)
	if err != nil || len(records) != 1 {
		return domstats.Record{}
	}
	return records[0]
}

// hide remembers what came, to leave it out from then on. Which entry of a
// list came is found by its name.
func hide(m *memory, e event) {
	if !e.added {
		return
	}
	r := e.look()
	m.mu.Lock()
	defer m.mu.Unlock()
	id := e.domain.UUID
	switch {
	case !e.after:
		m.last["before "+id.String()] = stored{record: r}
	case e.prefix != "":
		m.hidden[id] = append(m.hidden[id], e.prefix)
	default:
		old := m.last["before "+id.String()].record
		for _, p := range entities(r) {
			name, ok := r.Lookup(p + "name")
			known := slices.ContainsFunc(old.Params, func(x domstats.Param) bool { return x.Value == name.Value })
			if ok && !known {
				m.hidden[id] = append(m.hidden[id], p)
			}
		}
	}
}

func missing(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return without(records, func(r domstats.Record, name string) bool {
		return slices.Contains(q.m.hidden[r.Domain.UUID], entity(name))
	})
}

// keep remembers what there was before something went.
func keep(m *memory, e event) {
	if e.added || e.after {
		return
	}
	r := e.look()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shown[e.domain.UUID] = r.Params
}

// haunted adds back what is gone.
func haunted(q query, records []domstats.Record) []domstats.Record {
	q.m.mu.Lock()
	defer q.m.mu.Unlock()
	return plus(records, func(r domstats.Record) []domstats.Param {
		var out []domstats.Param
		for _, p := range q.m.shown[r.Domain.UUID] {
			if e := entity(p.Name); e != "" && asked(q.groups, e) && !r.Has(p.Name) {
				out = append(out, p)
			}
		}
		return out
	})
}

func asked(groups domstats.Group, entity string) bool {
	for _, g := range domstats.Groups() {
		if strings.HasPrefix(entity, g.Prefix) {
			return groups == 0 || groups&g.Group != 0
		}
	}
	return false
}
