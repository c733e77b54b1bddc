// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// queryCases judge QEMU's query-stats itself, without libvirt.
func queryCases() []Case {
	k := require(NeedKStats, NeedX86, NeedFiles)
	return []Case{
		{ID: "QST-01", Title: "schema and values agree", Needs: k, run: qstSchema},
		{ID: "QST-02", Title: "counters never fall", Needs: k, run: qstMonotonic},
		{ID: "QST-03", Title: "a filter of names", Needs: k, run: qstNames},
		{ID: "QST-04", Title: "a filter of providers", Needs: k, run: qstProviders},
		{ID: "QST-05", Title: "a filter of vCPUs", Needs: k, run: qstVCPUs},
		{ID: "QST-06", Title: "one result for each vCPU, one for the machine", Needs: k, run: qstResults},
		{ID: "QST-07", Title: "what is asked wrongly is refused", Needs: k, run: qstRefused},
		{ID: "QST-08", Title: "the schema is KVM's own", Needs: k, run: qstKVMSchema},
		{ID: "QST-09", Title: "the values of vCPUs are KVM's own", Needs: append(k, NeedPID), run: qstKVMValues},
		{ID: "QST-10", Title: "values of more than 32 bits", Needs: append(k, NeedPID), run: qstWide},
	}
}

// query asks for values with filters.
func (g *Guest) query(arguments map[string]any) []domstats.StatsResult {
	results, err := qmp.StatsOf(g.t.ctx, g, arguments)
	g.t.must(err, "ask QEMU for %v", arguments)
	return results
}

func qstSchema(t *T) {
	g, schema := mapped(t)
	for _, target := range []string{"vm", "vcpu"} {
		entries := map[string]domstats.SchemaStat{}
		for _, group := range schema {
			if group.Target != target {
				continue
			}
			for _, e := range group.Stats {
				if _, twice := entries[e.Name]; twice {
					t.errorf("%s: %s is in the schema twice", target, e.Name)
				}
				entries[e.Name] = e
			}
		}
		for _, r := range g.query(map[string]any{"target": target}) {
			for name, v := range r.Values {
				e, ok := entries[name]
				t.check(ok, "%s: the value %s has no entry in the schema", target, name)
				kind := domstats.KindNumber
				switch {
				case e.Histogram():
					kind = domstats.KindList
				case e.Unit == "boolean":
					kind = domstats.KindBool
				}
				t.check(!ok || v.Kind == kind, "%s: %s of type %q and unit %q has the value %+v", target, name, e.Type, e.Unit, v)
			}
			for name := range entries {
				_, ok := r.Values[name]
				t.check(ok, "%s: %s of the schema has no value", target, name)
			}
		}
	}
}

func qstMonotonic(t *T) {
	g := t.rom()
	schema := g.schema()
	last := g.look()
	for round := range 10 {
		g.do("o", "c")
		now := g.look()
		for n, fields := range map[int][]domstats.Field{0: schema.VCPU(0), 1: schema.VCPU(1)} {
			t.neverFalls(fmt.Sprintf("round %d, vCPU %d", round, n), fields, last.vcpus[n], now.vcpus[n])
		}
		t.neverFalls(fmt.Sprintf("round %d", round), schema.VM(), last.vm, now.vm)
		before, _ := last.vcpus[0].Values["exits"].Uint()
		after, _ := now.vcpus[0].Values["exits"].Uint()
		t.check(after >= before+1000, "round %d: QEMU's exits of vCPU 0 went from %d to %d over 1000 port writes", round, before, after)
		last = now
	}
}

// neverFalls compares QEMU's own counters of two moments.
func (t *T) neverFalls(about string, fields []domstats.Field, before, after domstats.StatsResult) {
	for _, f := range fields {
		a, okA := before.Values[f.Stat.Name].Uint()
		b, okB := after.Values[f.Stat.Name].Uint()
		t.check(!f.Monotonic || !okA || !okB || b >= a, "%s: QEMU's %s fell from %d to %d", about, f.Stat.Name, a, b)
	}
}

func qstNames(t *T) {
	g, _ := mapped(t)
	all := g.query(map[string]any{"target": "vcpu"})
	some := g.query(map[string]any{"target": "vcpu", "providers": []any{map[string]any{"provider": "kvm", "names": []string{"exits", "signal_exits"}}}})
	equal(t, "the number of results", len(some), len(all))
	for i, r := range some {
		equal(t, "the number of values", len(r.Values), 2)
		for name, v := range r.Values {
			a, _ := v.Uint()
			b, _ := all[i].Values[name].Uint()
			t.check(name == "exits" || name == "signal_exits", "%s was not asked for", name)
			// QEMU 7.2 interrupts the vCPU for each question.
			t.check(a == b || name == "signal_exits", "%s of %s is %d alone and %d among all", name, r.QOMPath, a, b)
		}
	}
}

func qstProviders(t *T) {
	g, _ := mapped(t)
	all := g.query(map[string]any{"target": "vm"})
	kvm := g.query(map[string]any{"target": "vm", "providers": []any{map[string]any{"provider": "kvm"}}})
	equal(t, "the number of results of all providers", len(all), 1)
	equal(t, "the number of results of kvm", len(kvm), 1)
	for _, r := range slices.Concat(all, kvm) {
		equal(t, "the provider", r.Provider, "kvm")
	}
	if len(all) == 1 && len(kvm) == 1 {
		equal(t, "the number of values", len(kvm[0].Values), len(all[0].Values))
	}
}

func qstVCPUs(t *T) {
	g, _ := mapped(t)
	for _, c := range g.cpus() {
		one := g.query(map[string]any{"target": "vcpu", "vcpus": []string{c.QOMPath}})
		equal(t, "the number of results", len(one), 1)
		for _, r := range one {
			equal(t, "the path", r.QOMPath, c.QOMPath)
		}
	}
}

func qstResults(t *T) {
	g, _ := mapped(t)
	paths := map[string]bool{}
	for _, c := range g.cpus() {
		paths[c.QOMPath] = true
	}
	vcpus := g.query(map[string]any{"target": "vcpu"})
	equal(t, "the number of results for vCPUs", len(vcpus), len(paths))
	for _, r := range vcpus {
		t.check(paths[r.QOMPath], "a result is for %q, which is no vCPU or was there before", r.QOMPath)
		delete(paths, r.QOMPath)
	}
	for _, r := range g.query(map[string]any{"target": "vm"}) {
		equal(t, "the path of the machine's result", r.QOMPath, "")
	}
}

func qstRefused(t *T) {
	g, _ := mapped(t)
	for _, wrong := range []map[string]any{{"target": "moon"}, {}, {"target": "vm", "vcpus": []string{"/machine"}}} {
		_, err := qmp.StatsOf(t.ctx, g, wrong)
		t.check(err != nil, "QEMU answers %v", wrong)
	}
	unknown := g.query(map[string]any{"target": "vcpu", "vcpus": []string{"/machine/nowhere"}})
	equal(t, "the number of results for a vCPU that is not there", len(unknown), 0)
}

// qstKVMSchema asks the kernel about a machine of the suite's own: which statistics
// there are, and of what kind, is the same for all.
func qstKVMSchema(t *T) {
	g, schema := mapped(t)
	kvm, err := t.host().KVMSchema()
	t.must(err, "ask KVM for its statistics")
	for _, want := range kvm {
		got := map[string]domstats.SchemaStat{}
		for _, group := range schema {
			if group.Provider == "kvm" && group.Target == want.Target {
				for _, e := range group.Stats {
					got[e.Name] = e
				}
			}
		}
		t.check(len(want.Stats) > 0, "%s: KVM has no statistics for a target %s", g.spec.Name, want.Target)
		for _, e := range want.Stats {
			q, ok := got[e.Name]
			t.check(ok, "%s: %s of KVM is missing in QEMU's schema", want.Target, e.Name)
			t.check(!ok || q == e, "%s: QEMU's schema has %+v, KVM %+v", want.Target, q, e)
			delete(got, e.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			t.errorf("%s: KVM has no %s of QEMU's schema", want.Target, name)
		}
	}
}

// qstKVMValues reads the descriptors that QEMU reads. The guest is paused, so
// that nothing moves in between.
func qstKVMValues(t *T) {
	g, _ := mapped(t)
	exits := g.wantKVM(g.look())[0]["exits"]
	t.check(len(exits) == 1 && exits[0] >= 1000, "KVM's exits of vCPU 0 are %v after 1000 port writes", exits)
}

// qstWide asks for a time beyond 32 bits, which is judged without KVM's descriptors as well.
func qstWide(t *T) {
	g, _ := halted(t)
	q := g.look()
	waited, ok := q.vcpus[0].Values["halt_wait_ns"].Uint()
	t.check(ok && waited > wide, "QEMU's halt_wait_ns of a vCPU that was halted for 4.5 s is %d", waited)
	g.wantKVM(q)
}

// wantKVM compares what QEMU says of each vCPU of a paused guest with the kernel's own
// values, which it gives.
func (g *Guest) wantKVM(q view) map[int]map[string][]uint64 {
	t := g.t
	p := g.process()
	r := g.record(domstats.GroupVCPU)
	all := map[int]map[string][]uint64{}
	for n, result := range q.vcpus {
		kvm, ok, err := p.KVMStats(n)
		t.must(err, "read KVM's statistics of vCPU %d", n)
		if !ok {
			t.skipf("QEMU has no descriptor of a vCPU's statistics open, or it cannot be read here")
		}
		all[n] = kvm.Values
		for name, want := range kvm.Values {
			got, ok := result.Values[name]
			values := got.Buckets
			if v, number := got.Uint(); number {
				values = []uint64{v}
			}
			turned := slices.Clone(want)
			slices.Reverse(turned)
			if !slices.Equal(values, want) && slices.Equal(values, turned) {
				t.deviates("KD-14", true, "vCPU %d: QEMU has the buckets of %s in reverse order", n, name)
				continue
			}
			t.check(ok && slices.Equal(values, want), "vCPU %d: QEMU's %s is %v, KVM's %v", n, name, values, want)
			if field := fmt.Sprintf("vcpu.%d.%s.sum", n, name); r.Has(field) {
				equal(t, field, t.uint(r, field), want[0])
			}
		}
	}
	return all
}
