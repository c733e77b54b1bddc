// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

func (t *T) stats(groups domstats.Group, flags uint32, domains ...domstats.Domain) []domstats.Record {
	t.connect()
	started := time.Now()
	records, err := t.conn.Stats(t.ctx, domains, groups, flags)
	// Calls that something blocks are made in the background.
	t.quick("a call for "+groups.String(), time.Since(started), 3*atOnce)
	t.must(err, "ask for statistics (%s; flags %s)", groups, domstats.FlagNames(flags))
	t.observe(records)
	return records
}

// ours returns the records of this case's domains from a call for all.
func (t *T) ours(groups domstats.Group, flags uint32) []domstats.Record {
	return t.mine(t.stats(groups, flags))
}

// prefix begins the names of this case's guests.
func (t *T) prefix() string {
	return t.run.o.Prefix + strings.ToLower(strings.ReplaceAll(t.def.ID, "-", "")) + "-"
}

// mine keeps the records of this case's guests.
func (t *T) mine(records []domstats.Record) []domstats.Record {
	var out []domstats.Record
	for _, r := range records {
		if strings.HasPrefix(r.Domain.Name, t.prefix()) {
			out = append(out, r)
		}
	}
	return out
}

func (g *Guest) record(groups domstats.Group) domstats.Record { return g.recordFlags(groups, 0) }

func (g *Guest) recordFlags(groups domstats.Group, flags uint32) domstats.Record {
	records := g.t.stats(groups, flags, g.Domain)
	if len(records) != 1 {
		g.t.fatalf("%d records for one domain", len(records))
	}
	return records[0]
}

// uint reads a number that must be there.
func (t *T) uint(r domstats.Record, name string) uint64 {
	v, ok := r.Uint(name)
	t.check(ok, "%s is missing or no number", name)
	if ok {
		t.run.seen.compared(t.def.ID, name, v != 0)
	}
	return v
}

// wantText compares a text that must be there.
func (t *T) wantText(r domstats.Record, name, want string) {
	p, ok := r.Lookup(name)
	t.check(ok, "%s is missing", name)
	if ok {
		t.run.seen.compared(t.def.ID, name, want != "")
		equal(t, name, p.Value, any(want))
	}
}

// grew is by how much a number grew from one record to another.
func (t *T) grew(before, after domstats.Record, name string) uint64 {
	a, b := t.uint(before, name), t.uint(after, name)
	if b < a {
		t.errorf("%s fell from %d to %d", name, a, b)
		return 0
	}
	return b - a
}

// want compares numbers of a record.
func (t *T) want(r domstats.Record, values map[string]uint64) {
	for name, v := range values {
		equal(t, name, t.uint(r, name), v)
	}
}

// wantNames checks that the names under prefix are exactly these.
func (t *T) wantNames(r domstats.Record, prefix string, names ...string) {
	t.report(domstats.CheckNames(t.withoutNews(r, names), prefix, names), "%s", r.Domain.Name)
}

// withoutNews leaves out what neither the catalogue nor the case knows: a
// libvirt that is newer than both reports more, which is a note and no failure.
func (t *T) withoutNews(r domstats.Record, names []string) domstats.Record {
	c := domstats.NewCatalogue()
	r.Params = slices.DeleteFunc(slices.Clone(r.Params), func(p domstats.Param) bool {
		_, known := c.Lookup(p.Name)
		return !known && !slices.Contains(names, p.Name)
	})
	return r
}

// state waits for a state with its reason: QEMU tells libvirt a moment late.
func (g *Guest) state(state, reason uint64) domstats.Record {
	var r domstats.Record
	got := func() bool {
		r = g.record(domstats.GroupState)
		s, why := g.t.uint(r, "state.state"), g.t.uint(r, "state.reason")
		return s == state && why == reason
	}
	if !g.t.eventually(10*time.Second, got) {
		s, _ := r.Uint("state.state")
		why, _ := r.Uint("state.reason")
		g.t.errorf("the state is %s (%s), not %s (%s)", domstats.StateName(s), domstats.ReasonName(s, why), domstats.StateName(state), domstats.ReasonName(state, reason))
	}
	return r
}

// A view has QEMU's own values at one time.
type view struct {
	vm    domstats.StatsResult
	vcpus map[int]domstats.StatsResult
}

// look reads QEMU's own values, joined by path.
func (g *Guest) look() view {
	t := g.t
	vm, err := qmp.Stats(t.ctx, g, "vm")
	t.must(err, "read QEMU's vm statistics")
	raw, err := qmp.Stats(t.ctx, g, "vcpu")
	t.must(err, "read QEMU's vcpu statistics")
	v := view{vcpus: map[int]domstats.StatsResult{}}
	if len(vm) == 1 {
		v.vm = vm[0]
	}
	for _, cpu := range g.cpus() {
		for _, r := range raw {
			if r.QOMPath == cpu.QOMPath {
				v.vcpus[cpu.Index] = r
			}
		}
	}
	return v
}

func (g *Guest) cpus() []qmp.CPU {
	cpus, err := qmp.CPUs(g.t.ctx, g)
	g.t.must(err, "list QEMU's vCPUs")
	return cpus
}

// bracket reads QEMU, libvirt, QEMU again, and checks every extended value.
func (g *Guest) bracket(schema domstats.Schema, frozen bool) domstats.Record {
	before := g.look()
	r := g.record(domstats.AllGroups)
	after := g.look()
	t := g.t
	t.report(domstats.CheckBracket(r, schema.VM(), before.vm, after.vm, frozen), "%s", g.spec.Name)
	for n, b := range before.vcpus {
		t.report(domstats.CheckBracket(r, schema.VCPU(n), b, after.vcpus[n], frozen), "%s", g.spec.Name)
	}
	t.run.seen.checked(schema)
	for _, fields := range [][]domstats.Field{schema.VM(), schema.VCPU(0)} {
		for _, f := range fields {
			if v, ok := r.Uint(f.Name); ok {
				t.run.seen.compared(t.def.ID, f.Name, v != 0)
			}
		}
	}
	return r
}

// vcpuNames are the names that vCPU n must have.
func vcpuNames(schema domstats.Schema, n int) []string {
	names := domstats.FieldNames(schema.VCPU(n))
	for _, f := range []string{"state", "time", "wait", "delay"} {
		names = append(names, fmt.Sprintf("vcpu.%d.%s", n, f))
	}
	return names
}

// wantVCPUs checks the vCPU group: which vCPUs, and that each is complete.
func (g *Guest) wantVCPUs(r domstats.Record, schema domstats.Schema, indices ...int) {
	names := []string{"vcpu.current", "vcpu.maximum"}
	for _, n := range indices {
		names = append(names, vcpuNames(schema, n)...)
	}
	g.t.wantNames(r, "vcpu.", names...)
	g.t.want(r, map[string]uint64{"vcpu.current": uint64(len(indices))})
}
