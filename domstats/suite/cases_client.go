// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"slices"
	"strings"

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

// wantVirsh compares what virsh prints with the record: each name, and the value
// of everything that a call does not change.
func (g *Guest) wantVirsh(r domstats.Record, got map[string]string) {
	t := g.t
	for _, p := range t.withoutNews(r, nil).Params {
		v, ok := got[p.Name]
		t.check(ok, "virsh does not print %s", p.Name)
		if ok && still(p.Name) {
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
		var got []string
		for line := range strings.Lines(out) {
			name, ok := strings.CutPrefix(strings.TrimSpace(line), "Domain: '")
			if name = strings.TrimSuffix(name, "'"); ok && strings.HasPrefix(name, t.prefix()) {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		sameList(t, "virsh "+filter, got, want)
	}
}

func vshInactive(t *T) {
	g := t.define(cores(2, 4))
	r := g.record(domstats.GroupState | domstats.GroupBalloon | domstats.GroupVCPU)
	g.wantVirsh(r, g.virshStats("--state", "--balloon", "--vcpu"))
}
