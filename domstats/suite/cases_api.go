// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

const (
	bogusGroup domstats.Group = 0x800
	everything                = domstats.AllGroups
	enforce                   = domstats.FlagEnforce
)

func require(n ...Need) []Need { return n }

func apiCases() []Case {
	q, net := require(NeedQEMU), require(NeedQEMU, NeedSlirp)
	return []Case{
		{ID: "API-01", Title: "groups 0 is the union of all groups", Needs: net, run: apiUnion},
		{ID: "API-02", Title: "a group returns only its prefix", Needs: net, run: apiPrefix},
		{ID: "API-03", Title: "no name appears twice", Needs: net, run: apiUnique},
		{ID: "API-04", Title: "types are as documented", Needs: net, run: apiTypes},
		{ID: "API-05", Title: "an unknown group is ignored", Needs: q, run: apiUnknownGroup},
		{ID: "API-06", Title: "an unknown group is an error with ENFORCE", Needs: q, run: apiUnknownEnforced},
		{ID: "API-07", Title: "the VM group of an inactive domain", Needs: q, run: apiVMInactive},
		{ID: "API-08", Title: "one inactive domain fails ENFORCE for all", Needs: q, Alone: true, run: apiPoisoned},
		{ID: "API-09", Title: "ENFORCE of IOThreads on an inactive domain", Needs: q, run: apiIOThreadInactive},
		{ID: "API-10", Title: "groups 0 with ENFORCE never fails", Needs: q, Alone: true, run: apiZeroEnforced},
		{ID: "API-11", Title: "ENFORCE with nothing selected", Needs: require(NeedQEMU, NeedDriver), Alone: true, run: apiNothingSelected},
		{ID: "API-12", Title: "ENFORCE does not see the accelerator", Needs: q, run: apiEnforceTCG},
		{ID: "API-13", Title: "unknown flags are refused by name", Needs: q, run: apiUnknownFlags},
	}
}

// busy is a paused guest that has something to say in as many groups as can be.
func (t *T) busy() *Guest {
	kvm := t.has(NeedKStats)
	return t.small(true, func(s *guest.Spec) {
		s.KVM = kvm
		s.VCPUs, s.MaxVCPUs = 2, 4
		s.IOThreads = []guest.IOThread{{ID: 4}}
		s.Disks = []guest.Disk{{Target: "vda", File: t.file("busy.img", nil, guest.DiskSize)}}
		s.NICs = t.userNICs(1)
	})
}

// mac returns a locally administered address that differs by n.
func mac(n int) string { return fmt.Sprintf("52:54:00:5c:00:%02x", n) }

func apiUnion(t *T) {
	g := t.busy()
	union := map[string]bool{}
	for _, info := range domstats.Groups() {
		since, err := domstats.ParseVersion(info.Since)
		t.must(err, "read the catalogue")
		names := g.record(info.Group).Names("")
		for _, n := range names {
			union[n] = true
		}
		// Without monitors and events these two have nothing to say, nor has the kernel without KVM.
		empty := info.Group == domstats.GroupPerf || info.Group == domstats.GroupMemory ||
			info.Group == domstats.GroupVM && !g.spec.KVM
		t.check(len(names) > 0 || empty || since > t.run.libvirt, "group %s is empty", info.Name)
	}
	t.wantNames(g.record(0), "", slices.Sorted(maps.Keys(union))...)
}

func apiPrefix(t *T) {
	g := t.busy()
	for _, info := range domstats.Groups() {
		t.report(domstats.CheckPrefix(g.record(info.Group), info.Prefix), "group %s", info.Name)
	}
}

func apiUnique(t *T) {
	g := t.busy()
	for _, flags := range []uint32{0, domstats.FlagBacking} {
		t.report(domstats.CheckUnique(g.recordFlags(everything, flags)), "flags %s", domstats.FlagNames(flags))
	}
}

func apiTypes(t *T) {
	g := t.busy()
	faults, unknown := domstats.CheckTypes(domstats.NewCatalogue(), g.record(0))
	t.report(faults, "types")
	for _, name := range unknown {
		t.notef("%s is not in the catalogue", name)
	}
}

func apiUnknownGroup(t *T) {
	a, b := t.small(true), t.define()
	records := t.stats(bogusGroup, 0, a.Domain, b.Domain)
	equal(t, "the number of records", len(records), 2)
	for _, r := range records {
		t.wantNames(r, "")
	}
}

func apiUnknownEnforced(t *T) {
	g := t.small(true)
	_, err := t.conn.Stats(t.ctx, []domstats.Domain{g.Domain}, bogusGroup|domstats.GroupState, enforce)
	t.wantCode(err, domstats.CodeArgUnsupported, "0x800", "ENFORCE of group 0x800")
}

func apiVMInactive(t *T) {
	g := t.define()
	inactive := func(when string) {
		t.wantNames(g.record(domstats.GroupVM), "")
		_, err := t.conn.Stats(t.ctx, []domstats.Domain{g.Domain}, domstats.GroupVM, enforce)
		t.wantCode(err, domstats.CodeArgUnsupported, "0x400", "ENFORCE of the VM group "+when)
	}
	inactive("before a run")
	// What QEMU supports is forgotten with it.
	g.start(true)
	t.wantNames(g.recordFlags(domstats.GroupVM, enforce), "")
	g.destroy()
	inactive("after a run")
}

func apiPoisoned(t *T) {
	active, inactive := t.small(true), t.define()
	_, err := t.conn.Stats(t.ctx, nil, domstats.GroupVM, enforce)
	t.wantCode(err, domstats.CodeArgUnsupported, "0x400", "ENFORCE over an inactive domain")
	for _, list := range [][]domstats.Domain{{active.Domain, inactive.Domain}, {inactive.Domain, active.Domain}} {
		_, err = t.conn.Stats(t.ctx, list, domstats.GroupVM|domstats.GroupState, enforce)
		t.wantCode(err, domstats.CodeArgUnsupported, "0x400", "ENFORCE over a list with an inactive domain")
	}
	names := domainNames(t.ours(domstats.GroupVM, enforce|domstats.FlagActive))
	t.check(slices.Contains(names, active.Name) && !slices.Contains(names, inactive.Name), "the active filter gives %v", names)
}

func apiIOThreadInactive(t *T) {
	g := t.define()
	records, err := t.conn.Stats(t.ctx, []domstats.Domain{g.Domain}, domstats.GroupIOThread, enforce)
	if err != nil {
		t.wantCode(err, domstats.CodeArgUnsupported, "0x80", "ENFORCE of IOThreads")
		t.deviates("KD-8", true, "ENFORCE refuses IOThread statistics of an inactive domain")
		return
	}
	t.deviates("KD-8", false, "")
	equal(t, "the number of records", len(records), 1)
	for _, r := range records {
		t.wantNames(r, "")
	}
}

func apiZeroEnforced(t *T) {
	a, b := t.small(true), t.define()
	names := domainNames(t.ours(0, enforce))
	t.check(slices.Contains(names, a.Name) && slices.Contains(names, b.Name), "got %v", names)
}

func apiNothingSelected(t *T) {
	t.small(true)
	if others := t.stats(domstats.GroupState, domstats.FlagOther); len(others) > 0 {
		t.skipf("a domain in another state is there: %s", others[0].Domain.Name)
	}
	records := t.stats(bogusGroup, enforce|domstats.FlagOther)
	equal(t, "the number of records", len(records), 0)
	test := t.open(TestDriver)
	_, err := test.Stats(t.ctx, nil, bogusGroup, enforce|domstats.FlagOther)
	t.wantCode(err, domstats.CodeArgUnsupported, "0x800", "ENFORCE in the test driver")
}

func apiEnforceTCG(t *T) {
	g := t.small(true)
	t.wantNames(g.recordFlags(domstats.GroupVM, enforce), "")
}

func apiUnknownFlags(t *T) {
	g := t.small(true)
	for bit := 8; bit <= 28; bit++ {
		flag := uint32(1) << bit
		_, err := t.conn.Stats(t.ctx, []domstats.Domain{g.Domain}, domstats.GroupState, flag)
		t.wantCode(err, domstats.CodeInvalidArg, fmt.Sprintf("0x%x", flag), fmt.Sprintf("flag %#x", flag))
	}
}

// domainNames are the names of the records' domains, sorted.
func domainNames(records []domstats.Record) []string {
	var names []string
	for _, r := range records {
		names = append(names, r.Domain.Name)
	}
	slices.Sort(names)
	return names
}
