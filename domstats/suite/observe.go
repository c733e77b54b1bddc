// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// An Observation is how one statistic of one domain went.
type Observation struct {
	Case    string   `json:"case"`
	Domain  string   `json:"domain"`
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Samples []Sample `json:"samples"`
}

// A Sample is a value that differs from the one before.
type Sample struct {
	At    int64 `json:"ms"` // since the run began
	Value any   `json:"value"`
}

// observer collects what records hold, for the report.
type observer struct {
	mu      sync.Mutex
	started time.Time
	series  map[string]*Observation
	unknown map[string]bool
	names   map[string]bool // patterns of the catalogue or the schema that were seen
	proved  map[string]bool // patterns whose value was compared with QEMU's
	schema  domstats.Schema
	stats   map[string]*Statistic // of the catalogue, by pattern
}

// A Statistic is one of libvirt's, with what became of it in the run.
type Statistic struct {
	Pattern string `json:"pattern"`
	Seen    bool   `json:"seen"`
	// Cases compare its value, in the order in which they did first.
	Cases []string `json:"cases,omitempty"`
	// Moved is set if a value other than 0 was compared.
	Moved bool `json:"moved"`
}

// statistic finds or makes the entry of a name; the lock is held.
func (o *observer) statistic(name string) *Statistic {
	if o.stats == nil {
		o.stats = map[string]*Statistic{}
	}
	p := name
	if s, known := domstats.NewCatalogue().Lookup(name); known {
		p = s.Pattern
	}
	s := o.stats[p]
	if s == nil {
		s = &Statistic{Pattern: p}
		o.stats[p] = s
	}
	return s
}

// compared notes that a case looks at a value.
func (o *observer) compared(id, name string, moved bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.statistic(name)
	s.Seen, s.Moved = true, s.Moved || moved
	if !slices.Contains(s.Cases, id) {
		s.Cases = append(s.Cases, id)
	}
}

// statistics are the rows of the catalogue, and what it lacks.
func (o *observer) statistics() []Statistic {
	var out []Statistic
	done := map[string]bool{}
	for _, row := range domstats.NewCatalogue().Stats() {
		s := o.stats[row.Pattern]
		if s == nil {
			s = &Statistic{Pattern: row.Pattern}
		}
		out, done[row.Pattern] = append(out, *s), true
	}
	for _, p := range slices.Sorted(maps.Keys(o.stats)) {
		if !done[p] {
			out = append(out, *o.stats[p])
		}
	}
	return out
}

// maxSamples bounds the memory one statistic takes; the first half stays, the
// rest is the latest.
const maxSamples = 64

func (t *T) observe(records []domstats.Record) {
	t.mu.Lock()
	silent := t.silent
	t.mu.Unlock()
	if silent {
		return
	}
	mine := t.mine(records)
	t.run.seen.add(t.def.ID, mine)
	c := domstats.NewCatalogue()
	for _, r := range mine {
		faults, _ := domstats.CheckTypes(c, r)
		t.report(faults, "%s", r.Domain.Name)
		t.report(domstats.CheckUnique(r), "%s", r.Domain.Name)
	}
}

func (o *observer) add(id string, records []domstats.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.series == nil {
		o.series, o.started = map[string]*Observation{}, time.Now()
		o.unknown, o.names = map[string]bool{}, map[string]bool{}
	}
	at := time.Since(o.started).Milliseconds()
	c := domstats.NewCatalogue()
	for _, r := range records {
		for _, p := range r.Params {
			key := id + "\x00" + r.Domain.Name + "\x00" + p.Name
			s, seen := o.series[key]
			if !seen {
				s = &Observation{Case: id, Domain: r.Domain.Name, Name: p.Name, Type: p.Type.String()}
				o.series[key] = s
				o.statistic(p.Name).Seen = true
				if _, known := c.Lookup(p.Name); !known {
					o.unknown[p.Name] = true
				}
				o.names[generic(p.Name)] = true
			}
			if n := len(s.Samples); n > 0 && s.Samples[n-1].Value == p.Value {
				continue
			} else if n == maxSamples {
				s.Samples = slices.Delete(s.Samples, maxSamples/2, maxSamples/2+1)
			}
			s.Samples = append(s.Samples, Sample{at, p.Value})
		}
	}
}

// generic replaces the number of a vCPU by its placeholder.
func generic(name string) string {
	rest, ok := strings.CutPrefix(name, "vcpu.")
	if !ok {
		return name
	}
	if n, field, ok := strings.Cut(rest, "."); ok && strings.Trim(n, "0123456789") == "" {
		return "vcpu.<n>." + field
	}
	return name
}

// checked notes that all values of a schema were compared.
func (o *observer) checked(s domstats.Schema) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.proved == nil {
		o.proved = map[string]bool{}
	}
	for _, row := range s.Coverage() {
		if row.Pattern != "" {
			o.proved[row.Pattern] = true
		}
	}
	if len(s) > len(o.schema) {
		o.schema = s
	}
}

// fill moves what was seen into the report.
func (o *observer) fill(r *Report) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.Schema, r.Statistics = o.schema, o.statistics()
	r.Unknown = slices.Sorted(maps.Keys(o.unknown))
	for _, row := range o.schema.Coverage() {
		row.Seen, row.Checked = o.names[row.Pattern], o.proved[row.Pattern]
		r.Coverage = append(r.Coverage, row)
	}
	r.Coverage = append(r.Coverage, domstats.FixedCoverage()...)
	for _, s := range o.series {
		r.Observations = append(r.Observations, *s)
	}
	slices.SortFunc(r.Observations, func(a, b Observation) int {
		return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Name, b.Name))
	})
}
