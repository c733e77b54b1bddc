// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// clientCases read through libvirt's own client.
func clientCases() []Case {
	v := require(NeedQEMU, NeedVirsh, NeedFiles)
	return []Case{
		{ID: "VSH-01", Title: "virsh prints the same of a paused guest", Needs: v, run: vshPaused},
		{ID: "VSH-02", Title: "virsh prints each group alone", Needs: v, run: vshGroups},
		{ID: "VSH-03", Title: "virsh prints the images of a chain", Needs: v, run: vshBacking},
		{ID: "VSH-05", Title: "virsh selects domains", Needs: v, Alone: true, run: vshFilters},
		{ID: "VSH-04", Title: "virsh prints an inactive guest", Needs: v, run: vshInactive},
		{ID: "VSH-06", Title: "virsh passes options and names on", Needs: append(v, NeedPID), run: vshOptions},
	}
}

// virshStats reads what virsh domstats prints of the guest, by name.
func (g *Guest) virshStats(args ...string) map[string]string {
	t := g.t
	out, err := t.host().Virsh(t.ctx, append([]string{"domstats", "--raw", g.spec.Name}, args...)...)
	t.must(err, "run virsh")
	got := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue // the heading
		}
		_, twice := got[name]
		t.check(!twice, "virsh prints %s twice", name)
		got[name] = value
	}
	return got
}

// wantVirsh compares what virsh prints of a guest that does not run with the record: each name,
// and the value of everything that a call does not change.
func (g *Guest) wantVirsh(r domstats.Record, got map[string]string) {
	t := g.t
	for _, p := range t.withoutNews(r, nil).Params {
		v, ok := got[p.Name]
		t.check(ok, "virsh does not print %s", p.Name)
		extended := strings.HasPrefix(p.Name, "vm.") || strings.HasPrefix(p.Name, "vcpu.") && strings.Count(p.Name, ".") == 3
		if ok && (still(p.Name) || extended) {
			equal(t, "virsh: "+p.Name, v, p.Text())
		}
		delete(got, p.Name)
	}
	for name := range got {
		t.errorf("virsh prints %s, which no record has", name)
	}
}

func vshPaused(t *T) {
	g := t.full()
	g.wantVirsh(g.record(0), g.virshStats())
}

func vshGroups(t *T) {
	g := t.full()
	flags := map[domstats.Group]string{
		domstats.GroupState: "--state", domstats.GroupCPU: "--cpu-total", domstats.GroupBalloon: "--balloon", domstats.GroupVCPU: "--vcpu",
		domstats.GroupInterface: "--interface", domstats.GroupBlock: "--block", domstats.GroupPerf: "--perf", domstats.GroupIOThread: "--iothread",
		domstats.GroupMemory: "--memory", domstats.GroupDirtyRate: "--dirtyrate", domstats.GroupVM: "--vm",
	}
	for _, info := range domstats.Groups() {
		g.wantVirsh(g.record(info.Group), g.virshStats(flags[info.Group], "--enforce"))
	}
}

func vshBacking(t *T) {
	g := oneDisk(t, t.chain())
	g.wantVirsh(g.backing(), g.virshStats("--block", "--backing"))
}

// vshFilters asks for domains without naming them, with each of virsh's filters.
func vshFilters(t *T) {
	on, held, off := t.small(false), t.define(), t.define()
	held.start(true)
	for filter, want := range map[string][]string{
		"--list-active": {on.Name, held.Name}, "--list-inactive": {off.Name}, "--list-transient": {on.Name}, "--list-persistent": {held.Name, off.Name},
		"--list-running": {on.Name}, "--list-paused": {held.Name}, "--list-shutoff": {off.Name}, "--list-other": nil,
		"--nowait": {on.Name, held.Name, off.Name},
	} {
		out, err := t.host().Virsh(t.ctx, "domstats", "--raw", "--state", filter)
		t.must(err, "run virsh")
		got := slices.DeleteFunc(virshNames(out), func(name string) bool { return !strings.HasPrefix(name, t.prefix()) })
		slices.Sort(got)
		sameList(t, "virsh "+filter, got, want)
	}
}

func vshInactive(t *T) {
	g := t.define(cores(2, 4))
	r := g.record(domstats.GroupState | domstats.GroupBalloon | domstats.GroupVCPU)
	g.wantVirsh(r, g.virshStats("--state", "--balloon", "--vcpu"))
}

// virshNames are the domains whose records virsh prints, in its order.
func virshNames(out string) []string {
	var names []string
	for line := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "Domain: '"); ok {
			names = append(names, strings.TrimSuffix(name, "'"))
		}
	}
	return names
}

// vshOptions uses the options that show only where something is missing or blocked.
func vshOptions(t *T) {
	on, off := t.small(true), t.define()
	virsh := func(args ...string) (string, error) {
		return t.host().Virsh(t.ctx, append([]string{"domstats", "--raw"}, args...)...)
	}
	for _, want := range [][]string{{off.spec.Name, on.spec.Name}, {on.spec.Name, off.spec.Name, on.spec.Name}} {
		out, err := virsh(append(slices.Clone(want), "--state")...)
		t.must(err, "run virsh")
		sameList(t, "virsh with names", virshNames(out), want)
	}
	_, err := virsh(off.spec.Name, "--vm")
	t.check(err == nil, "virsh --vm fails for an inactive domain: %v", err)
	_, err = virsh(off.spec.Name, "--vm", "--enforce")
	t.check(err != nil, "virsh --vm --enforce succeeds for an inactive domain")

	g, full := held(t)
	started := time.Now()
	got := g.virshStats("--nowait")
	t.quick("virsh --nowait", time.Since(started), atOnce)
	r := domstats.Record{Domain: g.Domain}
	for name := range got {
		r.Params = append(r.Params, domstats.Param{Name: name})
	}
	t.wantNames(r, "", partialNames(full)...)
}
