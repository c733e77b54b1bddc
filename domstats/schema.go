// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"encoding/json"
	"errors"
	"fmt"
)

// A SchemaStat is what QEMU says about one statistic.
type SchemaStat struct {
	Name string `json:"name"`
	// Type is "cumulative", "instant", "peak", "linear-histogram",
	// "log2-histogram", or a word newer than this program.
	Type string `json:"type"`
	// Unit is "bytes", "seconds", "cycles", "boolean", or empty for a plain count.
	Unit string `json:"unit,omitempty"`
	// Base is 2 or 10, or 0 when Exponent is 0. The true value is
	// value * Base^Exponent in Unit.
	Base       int  `json:"base,omitempty"`
	Exponent   int  `json:"exponent"`
	BucketSize uint `json:"bucket-size,omitempty"` // linear histograms only
}

// Histogram reports whether the value is a list of buckets.
func (s SchemaStat) Histogram() bool {
	return s.Type == "linear-histogram" || s.Type == "log2-histogram"
}

// A SchemaGroup is what one provider offers for one target.
type SchemaGroup struct {
	Provider string       `json:"provider"`
	Target   string       `json:"target"`
	Stats    []SchemaStat `json:"stats"`
}

// A Schema is the reply to query-stats-schemas. Empty means that QEMU runs
// without KVM, or on a kernel older than 5.14.
type Schema []SchemaGroup

// ParseSchema reads the "return" member of a query-stats-schemas reply and
// refuses entries that have no name or type, or come twice.
func ParseSchema(data []byte) (Schema, error) {
	var s Schema
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("cannot read the statistics schema: %w", err)
	}
	var faults []error
	for _, g := range s {
		seen := map[string]bool{}
		for i, e := range g.Stats {
			switch {
			case e.Name == "" || e.Type == "":
				faults = append(faults, fmt.Errorf("schema of provider %q, target %q: entry %d has no name or no type", g.Provider, g.Target, i+1))
			case seen[e.Name]:
				faults = append(faults, fmt.Errorf("schema of provider %q, target %q: %q appears twice", g.Provider, g.Target, e.Name))
			}
			seen[e.Name] = true
		}
	}
	return s, errors.Join(faults...)
}

// Provides reports whether provider offers anything for target.
func (s Schema) Provides(provider, target string) bool {
	for _, g := range s {
		if g.Provider == provider && g.Target == target && len(g.Stats) > 0 {
			return true
		}
	}
	return false
}

// A StatsResult is one element of a query-stats reply. QOMPath names the vCPU
// or device it belongs to and is empty for target "vm". Elements come in no
// useful order: join them by path.
type StatsResult struct {
	Provider string
	QOMPath  string
	Values   map[string]StatsValue
}

// A StatsValue holds one of three kinds. Kind says which.
type StatsValue struct {
	Kind    ValueKind
	Number  uint64   // KindNumber
	Flag    bool     // KindBool
	Buckets []uint64 // KindList
}

// A ValueKind is the JSON kind of a value.
type ValueKind int

// The kinds a value may have.
const (
	KindNumber ValueKind = iota
	KindBool
	KindList
)

// UnmarshalJSON reads a number, a boolean or a list of numbers.
func (v *StatsValue) UnmarshalJSON(data []byte) error {
	*v = StatsValue{}
	switch {
	case len(data) == 0:
		return errors.New("empty value")
	case data[0] == '[':
		v.Kind = KindList
		return json.Unmarshal(data, &v.Buckets)
	case data[0] == 't' || data[0] == 'f':
		v.Kind = KindBool
		return json.Unmarshal(data, &v.Flag)
	default:
		return json.Unmarshal(data, &v.Number)
	}
}

// Uint is the value as libvirt would send it; ok is false for a list.
func (v StatsValue) Uint() (n uint64, ok bool) {
	if v.Kind == KindBool {
		if v.Flag {
			return 1, true
		}
		return 0, true
	}
	return v.Number, v.Kind == KindNumber
}

// ParseStats reads the "return" member of a query-stats reply.
func ParseStats(data []byte) ([]StatsResult, error) {
	var raw []struct {
		Provider string `json:"provider"`
		QOMPath  string `json:"qom-path"`
		Stats    []struct {
			Name  string     `json:"name"`
			Value StatsValue `json:"value"`
		} `json:"stats"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("cannot read the statistics: %w", err)
	}
	out := make([]StatsResult, 0, len(raw))
	for _, r := range raw {
		values := make(map[string]StatsValue, len(r.Stats))
		for _, s := range r.Stats {
			values[s.Name] = s.Value
		}
		out = append(out, StatsResult{Provider: r.Provider, QOMPath: r.QOMPath, Values: values})
	}
	return out, nil
}
