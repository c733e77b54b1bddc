// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

func mappingCases() []Case {
	k, q := require(NeedKStats, NeedX86, NeedFiles), require(NeedQEMU)
	return []Case{
		{ID: "MAP-01", Title: "the set of vm names", Needs: k, run: mapVMNames},
		{ID: "MAP-02", Title: "the set of vcpu names", Needs: k, run: mapVCPUNames},
		{ID: "MAP-03", Title: "the suffix follows the type", Needs: k, run: mapSuffix},
		{ID: "MAP-04", Title: "wire types", Needs: k, run: mapTypes},
		{ID: "MAP-05", Title: "histograms are absent", Needs: k, run: mapHistograms},
		{ID: "MAP-06", Title: "names are verbatim", Needs: k, run: mapVerbatim},
		{ID: "MAP-07", Title: "nothing is scaled", Needs: k, run: mapNoScaling},
		{ID: "MAP-08", Title: "values are exact while paused", Needs: k, run: mapExact},
		{ID: "MAP-09", Title: "values lie in the bracket while running", Needs: k, run: mapBracket},
		{ID: "MAP-10", Title: "vCPUs are joined by path", Needs: k, run: mapJoin},
		{ID: "MAP-11", Title: "activity goes to the right vCPU", Needs: k, run: mapActivity},
		{ID: "MAP-12", Title: "what is not exported", Needs: require(NeedQEMU), run: mapCoverage},
		{ID: "MAP-13", Title: "without KVM", Needs: q, run: mapTCG},
		{ID: "MAP-14", Title: "times are in nanoseconds", Needs: k, run: mapTimeUnits},
		{ID: "MAP-15", Title: "what a query does to an idle vCPU", Needs: k, run: mapObserver},
		{ID: "MAP-16", Title: "the schema does not change by use", Needs: k, run: mapSchemaStable},
		{ID: "MAP-17", Title: "two domains keep their own values", Needs: k, run: mapTwoDomains},
	}
}

// mapped is the guest of the mapping cases: vCPU 0 has done some of each, vCPU
// 1 has spun, and the domain is paused.
func mapped(t *T) (*Guest, domstats.Schema) {
	g := t.rom()
	g.do("o", "c", "D", "1")
	t.span(200 * time.Millisecond)
	g.suspend()
	return g, g.schema()
}

func mapVMNames(t *T) {
	g, schema := mapped(t)
	t.check(len(schema.VM()) > 0, "the schema offers nothing for a vm")
	t.wantNames(g.record(everything), "vm.", domstats.FieldNames(schema.VM())...)
}

func mapVCPUNames(t *T) {
	g, schema := mapped(t)
	g.wantVCPUs(g.record(everything), schema, 0, 1)
}

// fieldsOf are the extended fields of the guest of the mapping cases.
func fieldsOf(schema domstats.Schema) []domstats.Field {
	return slices.Concat(schema.VM(), schema.VCPU(0), schema.VCPU(1))
}

func mapSuffix(t *T) {
	g, schema := mapped(t)
	r := g.record(everything)
	for _, f := range fieldsOf(schema) {
		base := f.Name[:strings.LastIndex(f.Name, ".")]
		for _, n := range r.Names(base + ".") {
			t.check(n == f.Name, "%s, of type %s, is reported as %s", f.Stat.Name, f.Stat.Type, n)
		}
		t.check(r.Has(f.Name), "%s is missing", f.Name)
	}
}

func mapTypes(t *T) {
	g, schema := mapped(t)
	t.report(domstats.CheckFieldTypes(g.record(everything), fieldsOf(schema)), "types")
}

func mapHistograms(t *T) {
	g, schema := mapped(t)
	r := g.record(everything)
	for _, row := range schema.Coverage() {
		if row.Reason != domstats.ReasonHistogram {
			continue
		}
		for _, p := range r.Params {
			t.check(!strings.Contains(p.Name, row.Name), "the histogram %s is reported as %s", row.Name, p.Name)
		}
	}
}

func mapVerbatim(t *T) {
	g, schema := mapped(t)
	known := map[string]bool{}
	for _, row := range schema.Coverage() {
		known[row.Target+" "+row.Name] = true
	}
	for _, n := range g.record(domstats.GroupVM | domstats.GroupVCPU).Names("") {
		parts := strings.Split(n, ".")
		switch {
		case parts[0] == "vm" && len(parts) == 3:
			t.check(known["vm "+parts[1]], "%s is not QEMU's name", n)
		case parts[0] == "vcpu" && len(parts) == 4:
			t.check(known["vcpu "+parts[2]], "%s is not QEMU's name", n)
		case parts[0] == "vm" || len(parts) > 4:
			t.errorf("%s has an unknown form", n)
		}
	}
}

// halted is a paused guest whose vCPU 0 was halted for more nanoseconds than 32 bits
// hold, which costs no CPU time.
func halted(t *T) (*Guest, domstats.Schema) {
	const enough = time.Duration(wide + wide/16)
	g := t.rom()
	g.do("h")
	for started := time.Now(); time.Since(started) < enough; t.span(enough / 8) {
		if v, _ := g.record(domstats.GroupVCPU).Uint("vcpu.0.halt_wait_ns.sum"); v > wide {
			break
		}
	}
	g.suspend()
	return g, g.schema()
}

func mapNoScaling(t *T) {
	g, schema := halted(t)
	q, r := g.look(), g.record(everything)
	for n, values := range q.vcpus {
		for _, f := range schema.VCPU(n) {
			if want, ok := values.Values[f.Stat.Name].Uint(); ok && f.Stat.Exponent != 0 {
				equal(t, f.Name, t.uint(r, f.Name), want)
			}
		}
	}
	t.check(t.uint(r, "vcpu.0.halt_wait_ns.sum") > wide, "vcpu.0.halt_wait_ns.sum of a vCPU that was halted for 4.5 s is %d", t.uint(r, "vcpu.0.halt_wait_ns.sum"))
}

func mapExact(t *T) {
	g, schema := mapped(t)
	r := g.bracket(schema, true)
	t.check(t.uint(r, "vcpu.0.exits.sum") > 0, "vCPU 0 has no exits")
}

func mapBracket(t *T) {
	g, schema := mapped(t)
	g.resume()
	last := g.record(everything)
	for round := range 20 {
		g.do("o")
		r := g.bracket(schema, false)
		t.check(t.grew(last, r, "vcpu.0.exits.sum") >= 1000, "round %d: vcpu.0.exits.sum does not follow 1000 port writes", round)
		last = r
	}
}

func mapJoin(t *T) {
	g, schema := mapped(t)
	r := g.bracket(schema, true)
	differ := false
	for _, f := range schema.VCPU(0) {
		other := "vcpu.1." + strings.TrimPrefix(f.Name, "vcpu.0.")
		differ = differ || t.uint(r, f.Name) != t.uint(r, other)
	}
	t.check(differ, "both vCPUs report the same values")
}

func mapActivity(t *T) {
	g := t.rom()
	schema := g.schema()
	before := g.record(everything)
	g.do("o")
	after := g.bracket(schema, false)
	grown := t.grew(before, after, "vcpu.0.exits.sum")
	t.check(grown >= 1000, "1000 port writes give %d exits on vCPU 0", grown)
	idle := t.grew(before, after, "vcpu.1.exits.sum")
	t.check(idle < 500, "vCPU 1, which never started, has %d more exits", idle)

	before = g.record(everything)
	g.do("1")
	t.until(10*time.Second, "vCPU 1 runs after its start", func() bool {
		after = g.record(everything)
		return t.grew(before, after, "vcpu.1.time") >= uint64(100*time.Millisecond)
	})
}

func mapCoverage(t *T) {
	g := t.busy()
	schema := g.schema()
	if t.run.qemu >= domstats.MakeVersion(8, 0, 0) {
		t.check(schema.Provides("cryptodev", "cryptodev"), "QEMU %s offers no cryptodev statistics", t.run.qemu)
	}
	reasons := map[domstats.Reason]int{}
	for _, row := range schema.Coverage() {
		if row.Reason != "" {
			reasons[row.Reason]++
		}
		t.check(row.Target != "cryptodev" || row.Reason == domstats.ReasonTargetNotAsked, "%s counts as exported", row.Name)
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		t.notef("not exported: %d (%s)", reasons[why], why)
	}
	for _, p := range g.record(0).Params {
		t.check(!strings.Contains(p.Name, "cryptodev") && !strings.Contains(p.Name, "sym-"), "%s is reported", p.Name)
	}
}

func mapTCG(t *T) {
	g := t.small(true, func(s *guest.Spec) { s.VCPUs = 2 })
	r := g.record(everything)
	t.wantNames(r, "vm.")
	g.wantVCPUs(r, nil, 0, 1)
	t.want(r, map[string]uint64{"cpu.haltpoll.success.time": 0, "cpu.haltpoll.fail.time": 0})
}

func mapTimeUnits(t *T) {
	g := t.rom()
	g.do("1")
	started := time.Now()
	before := g.record(everything)
	t.span(2 * time.Second)
	after := g.record(everything)
	wall := uint64(time.Since(started) + 20*time.Millisecond)
	for n := range 2 {
		for _, f := range []string{"time", "delay", "halt_poll_success_ns.sum", "halt_poll_fail_ns.sum", "halt_wait_ns.sum"} {
			name := fmt.Sprintf("vcpu.%d.%s", n, f)
			if !before.Has(name) {
				continue
			}
			grown := t.grew(before, after, name)
			most := wall
			if f == "delay" { // the kernel adds a wait when it ends: one may have begun before
				most *= 2
			}
			t.check(grown <= most, "%s grew by %s in %s", name, time.Duration(grown), time.Duration(wall))
		}
	}
	var busy time.Duration
	grown := t.eventually(time.Minute, func() bool {
		busy = time.Duration(t.grew(before, g.record(domstats.GroupVCPU), "vcpu.0.time"))
		return busyEnough(busy, time.Since(started))
	})
	t.check(grown, "vcpu.0.time of a busy vCPU grew by %s only in %s", busy, time.Since(started))
}

// busyEnough reports whether the time of a busy vCPU can be in nanoseconds. In microseconds it
// is a thousandth of the time that passes at most. A busy machine may leave the vCPU little, and
// that in turns of seconds.
func busyEnough(grown, passed time.Duration) bool {
	const part = 300
	return grown*part >= passed
}

func mapObserver(t *T) {
	g := t.rom()
	before := g.record(everything)
	for range 4 {
		g.record(everything)
	}
	after := g.record(everything)
	t.notef("5 queries added %d to vcpu.1.signal_exits", t.grew(before, after, "vcpu.1.signal_exits.sum"))
}

func mapSchemaStable(t *T) {
	g, schema := mapped(t)
	g.resume()
	for range 5 {
		g.do("o", "c")
		g.bracket(schema, false)
	}
	again := g.schema()
	t.check(slices.EqualFunc(schema, again, func(a, b domstats.SchemaGroup) bool {
		return a.Provider == b.Provider && a.Target == b.Target && slices.Equal(a.Stats, b.Stats)
	}), "the schema changed")
}

func mapTwoDomains(t *T) {
	a, b := t.rom(), t.rom()
	b.suspend()
	schema := b.schema()
	still := b.record(everything)
	before := a.record(everything)
	a.do("o", "c")
	a.bracket(schema, false)
	records := t.stats(everything, 0, a.Domain, b.Domain)
	if len(records) != 2 {
		t.fatalf("%d records", len(records))
	}
	for _, r := range records {
		if r.Domain.UUID == a.UUID {
			t.check(t.grew(before, r, "vcpu.0.exits.sum") >= 1000, "the busy domain's exits do not grow")
			continue
		}
		for _, f := range slices.Concat(schema.VM(), schema.VCPU(0)) {
			equal(t, f.Name+" of the paused domain", t.uint(r, f.Name), t.uint(still, f.Name))
		}
	}
}

// haltpoll sums a vCPU statistic over QEMU's own values.
func (v view) haltpoll(name string) uint64 {
	var sum uint64
	for _, r := range v.vcpus {
		n, _ := r.Values[name].Uint()
		sum += n
	}
	return sum
}

// path finds the QOM path of the balloon device.
func (g *Guest) balloonPath() string {
	const root = "/machine/peripheral"
	var list []struct{ Name, Type string }
	g.t.must(qmp.Call(g.t.ctx, g, "qom-list", map[string]string{"path": root}, &list), "list QEMU's devices")
	for _, e := range list {
		if strings.HasPrefix(e.Type, "child<virtio-balloon") {
			return root + "/" + e.Name
		}
	}
	g.t.fatalf("QEMU has no balloon device")
	return ""
}
