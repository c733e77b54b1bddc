// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"fmt"
	"slices"
	"strings"
)

// CheckNames compares the names of r under prefix with the expected ones and
// returns a line for each that is missing, unexpected or there twice.
func CheckNames(r Record, prefix string, want []string) []string {
	count := map[string]int{}
	for _, n := range r.Names(prefix) {
		count[n]++
	}
	var faults []string
	for _, n := range slices.Sorted(slices.Values(want)) {
		if count[n] == 0 {
			faults = append(faults, n+" is missing")
		}
		if count[n] > 1 {
			faults = append(faults, n+" appears twice")
		}
		delete(count, n)
	}
	for _, n := range r.Names(prefix) {
		if count[n] > 0 {
			faults = append(faults, n+" is not expected")
			delete(count, n)
		}
	}
	return faults
}

// FieldNames returns the names of fields, in their order.
func FieldNames(fields []Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// CheckTypes compares each parameter of r with its row in c. It returns a
// line for each wrong type, and the names that c does not know: a newer
// libvirt may have them, so they are for the report, not an error.
func CheckTypes(c *Catalogue, r Record) (faults, unknown []string) {
	for _, p := range r.Params {
		s, ok := c.Lookup(p.Name)
		if !ok {
			unknown = append(unknown, p.Name)
			continue
		}
		if !slices.Contains(s.Types, p.Type) {
			faults = append(faults, fmt.Sprintf("%s has type %s, not %s", p.Name, p.Type, s.Types[0]))
		}
	}
	return faults, unknown
}

// CheckFieldTypes compares the types of r with those that the schema asks for.
// It ignores absent fields.
func CheckFieldTypes(r Record, fields []Field) []string {
	var faults []string
	byName := r.Map()
	for _, f := range fields {
		if p, ok := byName[f.Name]; ok && p.Type != f.Type {
			faults = append(faults, fmt.Sprintf("%s has type %s, not %s", f.Name, p.Type, f.Type))
		}
	}
	return faults
}

// CheckUnique returns a line for each name that a record holds more than once.
func CheckUnique(r Record) []string {
	var faults []string
	seen := map[string]int{}
	for _, p := range r.Params {
		if seen[p.Name]++; seen[p.Name] == 2 {
			faults = append(faults, p.Name+" appears twice")
		}
	}
	return faults
}

// CheckPrefix returns a line for each name that does not start with prefix.
func CheckPrefix(r Record, prefix string) []string {
	var faults []string
	for _, p := range r.Params {
		if !strings.HasPrefix(p.Name, prefix) {
			faults = append(faults, p.Name+" does not belong to "+strings.TrimSuffix(prefix, "."))
		}
	}
	return faults
}

// CheckBracket compares libvirt's values with QEMU's read before and after.
// Cumulative and peak values must lie between the two. Instant ones must be
// equal when frozen says that the domain was paused, and are free otherwise.
func CheckBracket(r Record, fields []Field, before, after StatsResult, frozen bool) []string {
	var faults []string
	byName := r.Map()
	for _, f := range fields {
		low, okLow := before.Values[f.Stat.Name].Uint()
		high, okHigh := after.Values[f.Stat.Name].Uint()
		_, offered := before.Values[f.Stat.Name]
		p, present := byName[f.Name]
		if !offered || !okLow || !okHigh || !present {
			if offered && okLow && okHigh {
				faults = append(faults, f.Name+" is missing")
			}
			continue
		}
		v, _ := p.Uint()
		switch {
		case (f.Monotonic || frozen) && (v < low || v > high):
			faults = append(faults, fmt.Sprintf("%s is %d, QEMU had %d before and %d after", f.Name, v, low, high))
		case frozen && low != high:
			faults = append(faults, fmt.Sprintf("%s moved from %d to %d in QEMU while the domain was paused", f.Name, low, high))
		}
	}
	return faults
}

// CheckMonotonic returns a line for each monotonic statistic that is lower in
// after than in before. It ignores names that after lacks.
func CheckMonotonic(c *Catalogue, before, after Record) []string {
	var faults []string
	now := after.Map()
	for _, p := range before.Params {
		s, known := c.Lookup(p.Name)
		if !known || !s.Monotonic {
			continue
		}
		old, okOld := p.Uint()
		v, okNew := now[p.Name].Uint()
		if okOld && okNew && v < old {
			faults = append(faults, fmt.Sprintf("%s fell from %d to %d", p.Name, old, v))
		}
	}
	return faults
}
