// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// A Change is one difference between two runs.
type Change struct {
	Kind Kind   `json:"kind"`
	What string `json:"what"` // a statistic, a schema entry, a case
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// A Kind sorts changes.
type Kind string

// The kinds, in the order of a list of changes.
const (
	Release   Kind = "release"   // another libvirt, QEMU or kernel
	Gone      Kind = "gone"      // a statistic that is no longer reported
	Added     Kind = "new"       // one that was not reported before
	Retyped   Kind = "retyped"   // another wire type
	Offered   Kind = "offered"   // QEMU's schema gained, lost or changed an entry
	Behaviour Kind = "behaviour" // a case ends otherwise
)

// Diff compares two runs. Statistics are compared by their patterns, so that
// neither names nor numbers of guests matter. Cases that either run skipped
// show only if they did run in the other.
func Diff(a, b *Run) []Change {
	var out []Change
	add := func(k Kind, what, old, now string) {
		if old != now {
			out = append(out, Change{k, what, old, now})
		}
	}
	add(Release, "libvirt", a.Where.Libvirt, b.Where.Libvirt)
	add(Release, "QEMU", a.Where.QEMU, b.Where.QEMU)
	add(Release, "kernel", a.Where.Kernel, b.Where.Kernel)
	only := both(a, b)
	compare(a.statistics(only), b.statistics(only), func(name, old, now string) {
		switch {
		case now == "":
			add(Gone, name, old, "")
		case old == "":
			add(Added, name, "", now)
		default:
			add(Retyped, name, old, now)
		}
	})
	offersA, offersB := a.offers(), b.offers()
	if len(a.Results) != len(only) || !allTrue(only) {
		shared(offersA, offersB)
	}
	compare(offersA, offersB, func(name, old, now string) { add(Offered, name, old, now) })
	compare(a.verdicts(only), b.verdicts(only), func(id, old, now string) { add(Behaviour, id, old, now) })
	order := []Kind{Release, Gone, Added, Retyped, Offered, Behaviour}
	slices.SortStableFunc(out, func(x, y Change) int {
		return cmp.Compare(slices.Index(order, x.Kind), slices.Index(order, y.Kind))
	})
	return out
}

// both are the cases that each of the runs was to run: where one was a selection,
// the rest of the other says nothing.
func both(a, b *Run) map[string]bool {
	inA, out := map[string]bool{}, map[string]bool{}
	for _, x := range a.Results {
		inA[x.ID] = true
	}
	for _, x := range b.Results {
		out[x.ID] = inA[x.ID]
	}
	return out
}

func allTrue(m map[string]bool) bool {
	for _, v := range m {
		if !v {
			return false
		}
	}
	return true
}

// shared leaves what QEMU offers of providers and targets that both runs have read:
// a selection need not have a case that reads the others.
func shared(a, b map[string]string) {
	of := func(m map[string]string) map[string]bool {
		out := map[string]bool{}
		for name := range m {
			out[name[:strings.LastIndex(name, " ")]] = true
		}
		return out
	}
	inA, inB := of(a), of(b)
	for _, m := range []map[string]string{a, b} {
		maps.DeleteFunc(m, func(name, _ string) bool {
			group := name[:strings.LastIndex(name, " ")]
			return !inA[group] || !inB[group]
		})
	}
}

// compare calls differ for each key, in order, whose values are not equal.
func compare(a, b map[string]string, differ func(key, old, now string)) {
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if a[k] != b[k] {
			differ(k, a[k], b[k])
		}
	}
}

// statistics maps the pattern of each statistic seen to its types.
func (r *Run) statistics(only map[string]bool) map[string]string {
	c := domstats.NewCatalogue()
	types := map[string]map[string]bool{}
	for _, o := range r.Observations {
		if o.Case != "" && !only[o.Case] {
			continue
		}
		p := pattern(c, o.Name)
		if types[p] == nil {
			types[p] = map[string]bool{}
		}
		types[p][o.Type] = true
	}
	out := map[string]string{}
	for p, t := range types {
		out[p] = strings.Join(slices.Sorted(maps.Keys(t)), " or ")
	}
	return out
}

// pattern replaces the numbers in a name, but keeps the words that come from
// QEMU's schema.
func pattern(c *domstats.Catalogue, name string) string {
	s, known := c.Lookup(name)
	if !known {
		return name
	}
	parts := strings.Split(name, ".")
	for i, p := range strings.Split(s.Pattern, ".") {
		if strings.HasPrefix(p, "<") && p != "<name>" {
			parts[i] = p
		}
	}
	return strings.Join(parts, ".")
}

func (r *Run) offers() map[string]string {
	out := map[string]string{}
	for _, g := range r.Schema {
		for _, s := range g.Stats {
			text := strings.TrimSpace(s.Type + " " + s.Unit)
			if s.Exponent != 0 {
				text += fmt.Sprintf(" * %d^%d", s.Base, s.Exponent)
			}
			out[g.Provider+" "+g.Target+" "+s.Name] = text
		}
	}
	return out
}

func (r *Run) verdicts(only map[string]bool) map[string]string {
	out := map[string]string{}
	for _, x := range r.Results {
		if !only[x.ID] {
			continue
		}
		v := string(x.Status)
		if x.Status != suite.Skip {
			v = x.Verdict()
		}
		out[x.ID] = v
	}
	return out
}

// WriteChanges writes a line for each change.
func WriteChanges(w io.Writer, changes []Change) error {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%-9s  %s", c.Kind, oneLine(c.What))
		switch {
		case c.Old == "":
			fmt.Fprintf(&b, ": %s", oneLine(c.New))
		case c.New == "":
			fmt.Fprintf(&b, ": was %s", oneLine(c.Old))
		default:
			fmt.Fprintf(&b, ": %s -> %s", oneLine(c.Old), oneLine(c.New))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
