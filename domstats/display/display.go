// SPDX-License-Identifier: GPL-2.0-or-later

// Package display shows the statistics of a domain to a person: with the units
// that QEMU knows for them, with rates, histograms as bars.
package display

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A Snapshot is one domain at one moment.
type Snapshot struct {
	At         time.Time       `json:"at"`
	Record     domstats.Record `json:"record"`
	Schema     domstats.Schema `json:"schema,omitempty"` // nil where QEMU could not be asked
	Histograms []Histogram     `json:"histograms,omitempty"`
}

// A Histogram is a statistic that libvirt does not report. Bucket i of a
// log2-histogram counts values from 2^(i-1) to 2^i, of a linear one from
// i times the size of a bucket.
type Histogram struct {
	VCPU    int                 `json:"vcpu"` // -1 for the virtual machine's own
	Stat    domstats.SchemaStat `json:"stat"`
	Buckets []uint64            `json:"buckets"`
	// Unsure is set if the buckets may be in reverse order.
	Unsure bool `json:"order_unknown,omitempty"`
}

// A Printer writes snapshots. The zero value writes every group.
type Printer struct {
	// Groups are the groups to write, all when it is 0.
	Groups domstats.Group
	// Zeros writes numbers that are 0 as well.
	Zeros bool
	// Moving writes values that changed first, within each group.
	Moving bool
	// catalogue is created when first needed.
	catalogue *domstats.Catalogue
	last      map[domstats.UUID]Snapshot // by WriteNext
}

// WriteNext writes snapshots, with rates since the ones of the call before.
func (p *Printer) WriteNext(w io.Writer, snapshots []Snapshot) error {
	if p.last == nil {
		p.last = map[domstats.UUID]Snapshot{}
	}
	for _, x := range snapshots {
		var previous *Snapshot
		if old, ok := p.last[x.Record.Domain.UUID]; ok {
			previous = &old
		}
		if err := p.Write(w, x, previous); err != nil {
			return err
		}
		p.last[x.Record.Domain.UUID] = x
	}
	return nil
}

// Write writes a snapshot; previous, of the same domain, gives the rates and
// is nil for the first one.
func (p *Printer) Write(w io.Writer, s Snapshot, previous *Snapshot) error {
	if p.catalogue == nil {
		p.catalogue = domstats.NewCatalogue()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", termtext.Line(s.Record.Domain.Name), s.Record.Domain.UUID)
	params := slices.Clone(s.Record.Params)
	slices.SortStableFunc(params, func(x, y domstats.Param) int { return natural(x.Name, y.Name) })
	for _, g := range domstats.Groups() {
		if p.Groups != 0 && p.Groups&g.Group == 0 {
			continue
		}
		hidden := 0
		for _, x := range p.order(s, previous, params) {
			if !strings.HasPrefix(x.Name, g.Prefix) {
				continue
			}
			if !p.Zeros && isZero(x) {
				hidden++
				continue
			}
			p.line(&b, s, previous, x)
		}
		if hidden > 0 {
			fmt.Fprintf(&b, "  %-44s %d are 0\n", g.Prefix+"…", hidden)
		}
	}
	if p.Groups == 0 || p.Groups&(domstats.GroupVCPU|domstats.GroupVM) != 0 {
		empty := 0
		for _, h := range s.Histograms {
			if !p.Zeros && h.empty() {
				empty++
				continue
			}
			h.write(&b)
		}
		if empty > 0 {
			fmt.Fprintf(&b, "  %-44s %d are empty (not reported by libvirt)\n", "histograms", empty)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// isZero reports whether a statistic is a number that is 0 and has no name, or a
// flag that is off.
func isZero(x domstats.Param) bool {
	n, ok := x.Uint()
	if _, named := domstats.ValueName(x.Name, n); named || x.Name == "state.reason" {
		return false
	}
	return ok && n == 0
}

// order puts what moves first when that is asked for.
func (p *Printer) order(s Snapshot, previous *Snapshot, params []domstats.Param) []domstats.Param {
	if !p.Moving {
		return params
	}
	moves := func(x domstats.Param) int {
		if n, ok := x.Uint(); ok {
			if _, grows := growing(s, previous, x.Name, n); grows {
				return 0
			}
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(params), func(x, y domstats.Param) int { return moves(x) - moves(y) })
}

func (p *Printer) line(b *strings.Builder, s Snapshot, previous *Snapshot, x domstats.Param) {
	stat, _ := p.catalogue.Lookup(x.Name)
	value, growth := termtext.Line(x.Text()), ""
	if n, ok := x.Uint(); ok && x.Type != domstats.Bool {
		show := func(v uint64) string { return withUnit(v, stat.Unit) }
		if e, found := s.entry(x.Name); found {
			show = func(v uint64) string { return applied(v, e) }
		}
		value = show(n)
		if word, named := domstats.ValueName(x.Name, n); named {
			value = word
		} else if state, _ := s.Record.Uint("state.state"); x.Name == "state.reason" {
			value = domstats.ReasonName(state, n)
		}
		if rate, known := growing(s, previous, x.Name, n); known && stat.Monotonic {
			growth = "  +" + perSecond(rate, show)
		}
	}
	fmt.Fprintf(b, "  %-44s %s%s\n", termtext.Line(x.Name), value, growth)
}

// growing is by how much a number grew in a second; known is false when it did
// not.
func growing(s Snapshot, previous *Snapshot, name string, now uint64) (rate float64, known bool) {
	if previous == nil {
		return 0, false
	}
	old, ok := previous.Record.Uint(name)
	took := s.At.Sub(previous.At).Seconds()
	// A counter that fell belongs to another QEMU.
	if !ok || now <= old || took <= 0 {
		return 0, false
	}
	return float64(now-old) / took, true
}

// perSecond writes a rate in the unit of its statistic, small ones of plain
// counts with a fraction.
func perSecond(rate float64, show func(uint64) string) string {
	if whole := uint64(rate); show(whole) != strconv.FormatUint(whole, 10) {
		return show(whole) + "/s"
	}
	return strconv.FormatFloat(rate, 'f', 1, 64) + "/s"
}

// entry finds what QEMU says about an extended parameter.
func (s Snapshot) entry(name string) (domstats.SchemaStat, bool) {
	parts := strings.Split(name, ".")
	target, word := "", ""
	switch {
	case len(parts) == 3 && parts[0] == "vm":
		target, word = "vm", parts[1]
	case len(parts) == 4 && parts[0] == "vcpu":
		target, word = "vcpu", parts[2]
	}
	for _, g := range s.Schema {
		for _, e := range g.Stats {
			if g.Target == target && e.Name == word {
				return e, true
			}
		}
	}
	return domstats.SchemaStat{}, false
}
