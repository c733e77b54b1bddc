// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"slices"
	"strings"
	"sync"
)

// A Stat is one row of the catalogue.
type Stat struct {
	// Pattern is the name, with "<n>" for a number and "<name>" for a word
	// that QEMU's schema gives.
	Pattern string
	// Types are the wire types a daemon may send, the documented one first.
	Types []Type
	// Unit is "ns", "s", "KiB", "bytes", "MiB/s" or empty for counts, states
	// and text.
	Unit  string
	Group Group
	// Monotonic statistics never decrease while one QEMU process lives.
	Monotonic bool
	// Since is the first libvirt release that reports it, or the first one of
	// its group where the single release is not known.
	Since string
	// NoJob statistics are reported even when the domain's job is taken.
	NoJob bool
	// Inactive statistics are reported for a domain that does not run.
	Inactive bool
}

// A Catalogue finds the row of a name. It is read-only, so several goroutines
// may share it.
type Catalogue struct {
	stats []Stat
	rows  map[string][]row // by the first word of the pattern
}

type row struct {
	stat  Stat
	split []string // the pattern at its dots
}

var catalogue = sync.OnceValue(newCatalogue) //nolint:gochecknoglobals // a table that nothing writes to

// NewCatalogue returns the catalogue of all statistics that libvirt documents.
// All callers share one.
func NewCatalogue() *Catalogue { return catalogue() }

func newCatalogue() *Catalogue {
	c := &Catalogue{rows: map[string][]row{}}
	for _, stats := range [][]Stat{
		stateStats(), cpuStats(), balloonStats(), vcpuStats(), interfaceStats(), blockStats(),
		perfStats(), iothreadStats(), memoryStats(), dirtyRateStats(), vmStats(),
	} {
		c.stats = append(c.stats, stats...)
	}
	for _, s := range c.stats {
		split := strings.Split(s.Pattern, ".")
		c.rows[split[0]] = append(c.rows[split[0]], row{s, split})
	}
	return c
}

// Stats returns the rows, in the order of their groups.
func (c *Catalogue) Stats() []Stat { return slices.Clone(c.stats) }

// Lookup returns the row that name falls under. Literal rows win over
// placeholders because they stand first.
func (c *Catalogue) Lookup(name string) (Stat, bool) {
	parts := strings.Split(name, ".")
	for _, r := range c.rows[parts[0]] {
		if matches(r.split, parts) {
			return r.stat, true
		}
	}
	return Stat{}, false
}

// Group returns the group whose prefix name carries; ok is false for a prefix
// that no group has.
func (c *Catalogue) Group(name string) (GroupInfo, bool) {
	for _, g := range Groups() {
		if strings.HasPrefix(name, g.Prefix) {
			return g, true
		}
	}
	return GroupInfo{}, false
}

func matches(pattern, parts []string) bool {
	if len(pattern) != len(parts) {
		return false
	}
	for i, p := range pattern {
		switch {
		case p == "<name>":
			if parts[i] == "" {
				return false
			}
		case strings.HasPrefix(p, "<"):
			if !isNumber(parts[i]) {
				return false
			}
		case p != parts[i]:
			return false
		}
	}
	return true
}

// isNumber accepts what libvirt prints for an index: decimal, no sign, no
// leading zero.
func isNumber(s string) bool {
	if s == "" || len(s) > 10 || len(s) > 1 && s[0] == '0' {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}
