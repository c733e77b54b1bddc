// SPDX-License-Identifier: GPL-2.0-or-later

package display

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Histograms picks them out of QEMU's own answer and joins them to vCPUs by
// path.
func Histograms(schema domstats.Schema, cpus []qmp.CPU, vcpu []domstats.StatsResult) []Histogram {
	var out []Histogram
	for _, c := range cpus {
		i := slices.IndexFunc(vcpu, func(r domstats.StatsResult) bool { return r.QOMPath == c.QOMPath })
		if i < 0 {
			continue
		}
		for _, g := range schema {
			for _, e := range g.Stats {
				v, ok := vcpu[i].Values[e.Name]
				if g.Target == "vcpu" && e.Histogram() && ok && v.Kind == domstats.KindList {
					out = append(out, Histogram{VCPU: c.Index, Stat: e, Buckets: v.Buckets})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Histogram) int { return a.VCPU - b.VCPU })
	return out
}

// InKernelsOrder turns histograms as QEMU gives them. All releases up to 10.0 have the
// buckets in reverse order; for others it is not known.
func InKernelsOrder(histograms []Histogram, qemu domstats.Version) {
	known := qemu != 0 && qemu < domstats.MakeVersion(10, 1, 0)
	for i, h := range histograms {
		histograms[i].Unsure = !known
		if known {
			slices.Reverse(h.Buckets)
		}
	}
}

// limit is where bucket i ends.
func (h Histogram) limit(i int) float64 {
	if h.Stat.Type == "linear-histogram" {
		return float64(i+1) * float64(h.Stat.BucketSize)
	}
	return math.Pow(2, float64(i))
}

// empty reports whether nothing was counted.
func (h Histogram) empty() bool {
	return !slices.ContainsFunc(h.Buckets, func(n uint64) bool { return n > 0 })
}

// write draws the buckets from the first to the last that holds anything.
func (h Histogram) write(b *strings.Builder) {
	full := func(n uint64) bool { return n > 0 }
	first := slices.IndexFunc(h.Buckets, full)
	name := termtext.Line(h.Stat.Name)
	if h.VCPU >= 0 {
		name = fmt.Sprintf("vcpu.%d.%s", h.VCPU, name)
	}
	if first < 0 {
		fmt.Fprintf(b, "  %-44s empty (not reported by libvirt)\n", name)
		return
	}
	last := first
	for i, n := range h.Buckets {
		if full(n) {
			last = i
		}
	}
	most := slices.Max(h.Buckets)
	note := "not reported by libvirt"
	if h.Unsure {
		note += "; the buckets of this QEMU may be in reverse order"
	}
	fmt.Fprintf(b, "  %s (%s)\n", name, note)
	const width = 40
	for i := first; i <= last; i++ {
		// A bucket that holds anything shows.
		length := int(math.Ceil(width * float64(h.Buckets[i]) / float64(most)))
		fmt.Fprintf(b, "    %14s  %-*s %d\n", "< "+h.bound(i), width, strings.Repeat("█", length), h.Buckets[i])
	}
}

// bound writes a bucket's limit in its unit.
func (h Histogram) bound(i int) string {
	limit := h.limit(i)
	if limit >= math.MaxUint64 {
		return "∞"
	}
	return applied(uint64(limit), h.Stat)
}
