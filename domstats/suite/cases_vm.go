// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func vmCases() []Case {
	k, x := require(NeedKStats), require(NeedKStats, NeedX86, NeedFiles)
	return []Case{
		{ID: "VM-01", Title: "present on KVM", Needs: k, run: vmPresent},
		{ID: "VM-02", Title: "never falling", Needs: x, run: vmMonotonic},
		{ID: "VM-03", Title: "exact while paused", Needs: x, run: vmExact},
		{ID: "VM-04", Title: "before the vCPUs ever ran", Needs: x, run: vmNeverStarted},
		{ID: "VM-05", Title: "after sleep and panic", Needs: x, run: vmAsleep},
		{ID: "VM-06", Title: "of the own domain only", Needs: x, run: vmOwn},
	}
}

func vmPresent(t *T) {
	g := t.small(true, func(s *guest.Spec) { s.KVM = true })
	r := g.record(domstats.GroupVM)
	t.check(len(r.Params) > 0, "the group is empty")
	for _, p := range r.Params {
		form := strings.HasSuffix(p.Name, ".sum") || strings.HasSuffix(p.Name, ".cur") || strings.HasSuffix(p.Name, ".max")
		t.check(form && strings.HasPrefix(p.Name, "vm."), "%s has an unknown form", p.Name)
		t.check(p.Type == domstats.ULLong || p.Type == domstats.Bool, "%s has type %s", p.Name, p.Type)
	}
}

func vmMonotonic(t *T) {
	g := t.rom()
	c, last := domstats.NewCatalogue(), g.record(domstats.GroupVM)
	for range 10 {
		g.do("d")
		r := g.record(domstats.GroupVM)
		t.report(domstats.CheckMonotonic(c, last, r), "under load")
		last = r
	}
}

func vmExact(t *T) {
	g, schema := mapped(t)
	before := g.look()
	r := g.record(domstats.GroupVM)
	t.report(domstats.CheckBracket(r, schema.VM(), before.vm, g.look().vm, true), "while paused")
}

func vmNeverStarted(t *T) {
	g := t.romSpec()
	t.must(g.create(true), "create %s", g.spec.Name)
	fresh := g.record(everything)
	g.resume()
	ran := g.record(everything)
	for _, prefix := range []string{"vm.", "vcpu."} {
		sameList(t, "names under "+prefix, fresh.Names(prefix), ran.Names(prefix))
	}
	t.wantNames(fresh, "vm.", domstats.FieldNames(g.schema().VM())...)
}

func vmAsleep(t *T) {
	asleep := t.disk(func(s *guest.Spec) { s.KVM, s.S3 = true, true })
	want := domstats.FieldNames(asleep.schema().VM())
	asleep.doUntilAnswered("z")
	asleep.state(pmSuspended, 0)
	t.wantNames(asleep.record(domstats.GroupVM), "", want...)

	dead := t.disk(func(s *guest.Spec) { s.KVM, s.Panic = true, true })
	dead.doUntilAnswered("P")
	dead.state(crashed, 1)
	t.wantNames(dead.record(domstats.GroupVM), "", want...)
}

func vmOwn(t *T) {
	// The memory that each dirties makes their values differ.
	a, b := t.rom(), t.rom()
	a.do("d")
	a.suspend()
	b.suspend()
	schema := a.schema()
	views := map[domstats.UUID]view{a.UUID: a.look(), b.UUID: b.look()}
	records := t.stats(everything, 0, a.Domain, b.Domain)
	equal(t, "the number of records", len(records), 2)
	for _, r := range records {
		v := views[r.Domain.UUID]
		t.report(domstats.CheckBracket(r, schema.VM(), v.vm, v.vm, true), "%s", r.Domain.Name)
		t.report(domstats.CheckBracket(r, schema.VCPU(0), v.vcpus[0], v.vcpus[0], true), "%s", r.Domain.Name)
	}
}
