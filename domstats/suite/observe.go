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
	r.Schema = o.schema
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
