// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

// againCases define a domain again, and plug what is named alike.
func againCases() []Case {
	return []Case{
		{ID: "LIF-12", Title: "another definition while it runs", Needs: require(NeedQEMU, NeedFiles), run: lifRedefined},
		{ID: "LIF-13", Title: "emulated first, then with KVM", Needs: require(NeedKStats), run: lifAccelerated},
		{ID: "VCP-18", Title: "vCPUs whose paths begin alike", Needs: require(NeedKStats, NeedX86, NeedFiles), run: vcpAlike},
		{ID: "LIF-16", Title: "changes that fail change nothing", Needs: require(NeedQEMU, NeedFiles), run: lifRefused},
	}
}

// redefine gives a persistent guest another definition.
func (g *Guest) redefine(changes ...func(*guest.Spec)) {
	for _, c := range changes {
		c(&g.spec)
	}
	g.spec.UUID = g.UUID.String()
	xml, err := g.spec.XML()
	g.t.must(err, "describe the guest")
	_, err = g.t.conn.Define(g.t.ctx, xml)
	g.t.must(err, "define %s again", g.spec.Name)
}

func lifRedefined(t *T) {
	g := t.define(cores(1, 2), func(s *guest.Spec) {
		s.Disks = []guest.Disk{t.raw("vda", "a.img")}
		s.IOThreads = []guest.IOThread{{ID: 4}}
	})
	g.start(true)
	first := g.record(everything)
	g.redefine(cores(3, 4), func(s *guest.Spec) {
		s.MemoryKiB = 32768
		s.Disks = []guest.Disk{t.raw("vda", "b.img"), {Target: "vdb", File: t.file("c.img", guest.Image(), 3<<20)}}
		s.IOThreads = []guest.IOThread{{ID: 5}, {ID: 6}}
		s.NICs = t.userNICs(1)
	})
	r := g.record(everything)
	t.wantNames(r, "", first.Names("")...)
	t.wantStill(first, r)
	g.destroy()
	r = g.record(everything)
	t.onlyInactive(r)
	t.want(r, map[string]uint64{"balloon.current": 32768, "balloon.maximum": 32768, "vcpu.current": 3, "vcpu.maximum": 4, "block.count": 2, "block.1.capacity": 3 << 20})
	t.wantText(r, "block.0.path", g.spec.Disks[0].File)
	g.start(true)
	r = g.record(everything)
	t.want(r, map[string]uint64{"balloon.current": 32768, "balloon.maximum": 32768, "vcpu.current": 3, "vcpu.maximum": 4, "block.count": 2,
		"block.1.capacity": 3 << 20, "net.count": uint64(len(g.spec.NICs)), "iothread.count": 2})
}

// lifAccelerated runs one domain under one accelerator after the other: what QEMU
// offers differs.
func lifAccelerated(t *T) {
	g := t.define(cores(2, 2))
	for _, kvm := range []bool{false, true, false, true} {
		g.redefine(func(s *guest.Spec) { s.KVM = kvm })
		g.start(true)
		schema := g.schema()
		r := g.record(everything)
		t.wantNames(r, "vm.", domstats.FieldNames(schema.VM())...)
		g.wantVCPUs(r, schema, 0, 1)
		t.check(len(r.Names("vm.")) > 0 == kvm, "there are %d statistics of the machine, with KVM: %t", len(r.Names("vm.")), kvm)
		g.destroy()
	}
}

// vcpAlike plugs vCPUs 1 and 10 in, in both orders, and lets vCPU 1 run.
func vcpAlike(t *T) {
	for _, order := range [][]int{{1, 10}, {10, 1}} {
		g := t.rom(cores(1, 12))
		schema := g.schema()
		for _, n := range order {
			g.plug(n, true)
		}
		before := g.record(domstats.GroupVCPU)
		g.do("1")
		t.until(12*atOnce, "vCPU 1 runs", func() bool {
			r := g.record(domstats.GroupVCPU)
			return t.grew(before, r, "vcpu.1.time") > 0 && t.grew(before, r, "vcpu.1.exits.sum") > 0
		})
		g.suspend()
		r := g.bracket(schema, true)
		g.wantVCPUs(r, schema, 0, 1, 10)
		a, b := t.uint(r, "vcpu.1.exits.sum"), t.uint(r, "vcpu.10.exits.sum")
		t.check(a != b, "plugged in as %s: vCPUs 1 and 10 have %d exits each", fmt.Sprint(order), a)
		g.destroy()
	}
}

// lifRefused asks for changes that are refused at once, and for some after libvirt has begun with them.
func lifRefused(t *T) {
	g := t.small(true, cores(2, 4), func(s *guest.Spec) {
		s.Disks, s.IOThreads = []guest.Disk{t.raw("vda", "a.img")}, []guest.IOThread{{ID: 4}}
	})
	attach := func(d guest.Disk) func() error {
		xml, err := d.XML()
		t.must(err, "describe the disk")
		return func() error { return t.conn.Attach(t.ctx, g.Domain, xml) }
	}
	before := g.recordFlags(everything, domstats.FlagBacking)
	for what, change := range map[string]func() error{
		"a disk without a file":        attach(guest.Disk{Target: "vdb", File: t.path("nowhere.img")}),
		"a disk without a server":      attach(guest.Disk{Target: "vdb", NBD: t.path("nobody.sock")}),
		"a disk that is there":         attach(t.raw("vda", "b.img")),
		"an IOThread that is there":    func() error { return t.conn.AddIOThread(t.ctx, g.Domain, 4) },
		"no IOThread that is there":    func() error { return t.conn.DelIOThread(t.ctx, g.Domain, 5) },
		"settings of no IOThread":      func() error { return t.conn.SetIOThread(t.ctx, g.Domain, 5, domstats.NewParam("poll_grow", uint32(3))) },
		"more vCPUs than the maximum":  func() error { return t.conn.SetVCPU(t.ctx, g.Domain, "7", true) },
		"a module without a slot":      func() error { return t.conn.Attach(t.ctx, g.Domain, module(131072)) },
		"a threshold of no disk":       func() error { return t.conn.SetThreshold(t.ctx, g.Domain, "vdz", 4096) },
		"more memory than the maximum": func() error { return t.conn.SetMemory(t.ctx, g.Domain, 65536) },
	} {
		err := change()
		t.check(domstats.ErrorCode(err) != 0, "%s: the request gives: %v", what, err)
		r := g.recordFlags(everything, domstats.FlagBacking)
		t.report(domstats.CheckNames(t.withoutNews(r, before.Names("")), "", before.Names("")), "%s", what)
		now := r.Map()
		for _, p := range before.Params {
			if still(p.Name) {
				equal(t, what+": "+p.Name, now[p.Name].Value, p.Value)
			}
		}
	}
}
