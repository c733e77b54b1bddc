// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import "fmt"

// A Field is one parameter that libvirt must report for a schema entry.
type Field struct {
	Name string // whole parameter name
	Type Type   // ULLong, or Bool by unit
	// Stat is the schema entry it comes from; the value is the raw number,
	// with neither unit nor exponent applied.
	Stat      SchemaStat
	Monotonic bool // cumulative and peak values never decrease
}

// A Reason says why libvirt does not report something that QEMU has.
type Reason string

// The reasons.
const (
	ReasonHistogram       Reason = "histogram"
	ReasonUnknownType     Reason = "unknown-type"
	ReasonTargetNotAsked  Reason = "target-not-queried"
	ReasonMetadata        Reason = "metadata"
	ReasonNoAPI           Reason = "no-api"
	ReasonBlockNotMapped  Reason = "block-not-mapped"
	ReasonBalloonUnmapped Reason = "balloon-not-mapped"
	ReasonIOThreadPartial Reason = "iothread-not-mapped"
)

// MapStat applies libvirt's rules to one schema entry: the suffix of the name
// and the wire type, or the reason for which nothing is reported. reason is
// empty when there is a parameter.
func MapStat(s SchemaStat) (suffix string, t Type, reason Reason) {
	switch s.Type {
	case "cumulative":
		suffix = ".sum"
	case "instant":
		suffix = ".cur"
	case "peak":
		suffix = ".max"
	case "linear-histogram", "log2-histogram":
		return "", 0, ReasonHistogram
	default:
		return "", 0, ReasonUnknownType
	}
	if s.Unit == "boolean" {
		return suffix, Bool, ""
	}
	return suffix, ULLong, ""
}

// VM returns the fields of the VM group that a running domain with this
// schema must have, in schema order.
func (s Schema) VM() []Field { return s.fields("vm", "vm.") }

// VCPU returns the extended fields of vCPU n, in schema order.
func (s Schema) VCPU(n int) []Field { return s.fields("vcpu", fmt.Sprintf("vcpu.%d.", n)) }

func (s Schema) fields(target, prefix string) []Field {
	var out []Field
	for _, g := range s {
		if g.Target != target {
			continue
		}
		for _, e := range g.Stats {
			suffix, t, reason := MapStat(e)
			if reason != "" {
				continue
			}
			out = append(out, Field{Name: prefix + e.Name + suffix, Type: t, Stat: e,
				Monotonic: e.Type != "instant"})
		}
	}
	return out
}
