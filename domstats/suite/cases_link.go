// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func linkCases() []Case {
	x := require(NeedQEMU, NeedTap, NeedX86, NeedFiles)
	return []Case{
		{ID: "NET-13", Title: "two interfaces keep their own counters", Needs: append(require(NeedRaw), x...), run: netTwo},
		{ID: "NET-14", Title: "frames that the guest does not take are dropped", Needs: append(require(NeedRaw), x...), run: netOverflow},
		{ID: "NET-15", Title: "an interface on a bridge", Needs: append(require(NeedLink), x...), run: netBridge},
		{ID: "NET-17", Title: "interfaces whose names begin alike", Needs: append(require(NeedRaw), x...), run: netAlike},
		{ID: "NET-18", Title: "an interface whose device is gone", Needs: append(require(NeedLink), x...), run: netGone},
		{ID: "NET-19", Title: "traffic of more than 32 bits", Needs: append(require(NeedLink, NeedRaw), x...), Limit: 6 * minute, run: netWide},
		{ID: "NET-16", Title: "a macvtap interface", Needs: append(require(NeedMacvtap), x...), run: netMacvtap},
	}
}

// guestsView are the counters of a host's device as the guest has them.
func guestsView(c NetCounts, swapped bool) map[string]uint64 {
	rx := map[string]uint64{"bytes": c.RxBytes, "pkts": c.RxPackets, "errs": c.RxErrors, "drop": c.RxDropped}
	tx := map[string]uint64{"bytes": c.TxBytes, "pkts": c.TxPackets, "errs": c.TxErrors, "drop": c.TxDropped}
	if swapped {
		rx, tx = tx, rx
	}
	out := map[string]uint64{}
	for _, f := range []string{"bytes", "pkts", "errs", "drop"} {
		out["rx."+f], out["tx."+f] = rx[f], tx[f]
	}
	return out
}

// interfaceName is the host device of the interface with a number.
func (t *T) interfaceName(r domstats.Record, i int) string {
	p, ok := r.Lookup(fmt.Sprintf("net.%d.name", i))
	name, isText := p.Value.(string)
	t.check(ok && isText && name != "", "net.%d.name is missing", i)
	t.run.seen.compared(t.def.ID, p.Name, name != "")
	return name
}

// wantCounts compares all counters of interfaces with those of their devices
// before and after. Swapped says that the host's directions are the other ones.
func (g *Guest) wantCounts(swapped bool, interfaces ...int) domstats.Record {
	t, first := g.t, g.net()
	read := func(i int) map[string]uint64 {
		c, err := t.host().NetDev(t.interfaceName(first, i))
		t.must(err, "read the host's counters")
		return guestsView(c, swapped)
	}
	before := map[int]map[string]uint64{}
	for _, i := range interfaces {
		before[i] = read(i)
	}
	r := g.net()
	for _, i := range interfaces {
		after := read(i)
		for f, low := range before[i] {
			name := fmt.Sprintf("net.%d.%s", i, f)
			v := t.uint(r, name)
			t.check(v >= low && v <= after[f], "%s is %d, the host's device had %d before and %d after", name, v, low, after[f])
		}
	}
	return r
}

func netTwo(t *T) {
	g := t.disk(nics(guest.NIC{Model: "rtl8139", MAC: mac(3)}, guest.NIC{Model: "rtl8139", MAC: mac(4)}))
	before := g.net()
	names := []string{t.interfaceName(before, 0), t.interfaceName(before, 1)}
	t.check(names[0] != names[1], "both interfaces are called %s", names[0])
	g.do("N", "N", "N", "m", "N", "N", "N", "N", "N")
	t.must(t.host().SendFrames(names[0], 2), "send frames to the first interface")
	t.must(t.host().SendFrames(names[1], 7), "send frames to the second interface")
	var r domstats.Record
	arrived := func(name string, packets uint64) bool { return t.grew(before, r, name) >= packets }
	t.until(6*atOnce, "frames arrive in both directions", func() bool {
		r = g.net()
		return arrived("net.0.tx.pkts", 3) && arrived("net.1.tx.pkts", 5) && arrived("net.0.rx.pkts", 2) && arrived("net.1.rx.pkts", 7)
	})
	r = g.wantCounts(true, 0, 1)
	equal(t, "net.0.tx.pkts", t.grew(before, r, "net.0.tx.pkts"), 3)
	equal(t, "net.0.tx.bytes", t.grew(before, r, "net.0.tx.bytes"), 3*64)
	equal(t, "net.1.tx.pkts", t.grew(before, r, "net.1.tx.pkts"), 5)
	equal(t, "net.1.tx.bytes", t.grew(before, r, "net.1.tx.bytes"), 5*64)
}

// netAlike has two names, the shorter one the beginning of the longer one, which is first
// and last.
func netAlike(t *T) {
	name := t.link()
	g := t.small(true, nics(guest.NIC{Model: "e1000", MAC: mac(3), Target: name + "10"}, guest.NIC{Model: "e1000", MAC: mac(4), Target: name + "1"},
		guest.NIC{Model: "e1000", MAC: mac(5), Target: name + "12"}))
	r := g.net()
	for i, frames := range []int{1100, 1400, 1900} { // a tap keeps 1000 frames, and drops the others
		t.must(t.host().SendFrames(t.interfaceName(r, i), frames), "flood interface %d", i)
	}
	r = g.wantCounts(true, 0, 1, 2)
	for i, suffix := range []string{"10", "1", "12"} {
		t.wantText(r, fmt.Sprintf("net.%d.name", i), name+suffix)
	}
	t.moves("net.1.rx.drop", t.uint(r, "net.1.rx.drop") > 0)
}

// named is a guest with interfaces whose devices have names of this case.
func (t *T) named(n int) (g *Guest, devices []string) {
	var list []guest.NIC
	for i := range n {
		devices = append(devices, fmt.Sprintf("%s%d", t.link(), i))
		list = append(list, guest.NIC{Model: "e1000", MAC: mac(3 + i), Target: devices[i]})
	}
	return t.small(true, nics(list...)), devices
}

// netGone takes the name from the device of the first interface: libvirt does not
// find it, which concerns no other interface.
func netGone(t *T) {
	g, devices := t.named(3)
	whole := []string{"net.count"}
	for i := range devices {
		whole = append(whole, netFields(i)...)
	}
	t.wantNames(g.net(), "", whole...)
	for i, name := range devices {
		t.must(t.host().RenameLink(t.ctx, name, name+"x"), "rename a device")
		r := g.net()
		var want []string
		for j := range devices {
			if j != i {
				want = append(want, netFields(j)...)
			}
		}
		t.wantNames(r, "", append(want, "net.count", fmt.Sprintf("net.%d.name", i))...)
		t.want(r, map[string]uint64{"net.count": 3})
		t.wantText(r, fmt.Sprintf("net.%d.name", i), name)
		t.must(t.host().RenameLink(t.ctx, name+"x", name), "rename a device back")
		t.wantNames(g.net(), "", whole...)
	}
	g.wantCounts(true, 0, 1, 2)
}

// netWide puts a pair of devices in the place of a tap, over which 4 GiB go in each
// direction sooner than a guest could send them.
func netWide(t *T) {
	g, devices := t.named(2)
	t.must(t.host().RenameLink(t.ctx, devices[1], devices[1]+"x"), "rename a device")
	peer := devices[1] + "p"
	remove, err := t.host().MakePair(t.ctx, devices[1], peer)
	t.must(err, "make a pair of devices")
	t.cleanup(func(context.Context) { remove() })
	t.pump(devices[1], wide+wide/16, func(c NetCounts) uint64 { return c.TxBytes })
	t.pump(peer, wide+wide/8, func(c NetCounts) uint64 { return c.TxBytes })
	r := g.wantCounts(true, 0, 1)
	for _, name := range []string{"net.1.rx.bytes", "net.1.tx.bytes"} {
		t.check(t.uint(r, name) > wide, "%s is %d after more than 4 GiB", name, t.uint(r, name))
	}
	t.check(t.uint(r, "net.0.tx.bytes") < wide, "net.0.tx.bytes is %d on an interface that nothing went over", t.uint(r, "net.0.tx.bytes"))
}

// pump sends out of a device until its counter has reached an amount: frames that
// find no memory are not sent.
func (t *T) pump(device string, amount uint64, count func(NetCounts) uint64) {
	const most, frames = 1000, 2000
	for range most {
		t.must(t.host().SendLarge(device, frames), "send frames out of %s", device)
		c, err := t.host().NetDev(device)
		t.must(err, "read the counters of %s", device)
		if count(c) > amount {
			return
		}
	}
	t.fatalf("%s does not count what is sent", device)
}

// netOverflow floods interfaces that nobody reads: a tap keeps 1000 frames.
func netOverflow(t *T) {
	g := t.small(true, nics(guest.NIC{Model: "e1000", MAC: mac(3)}, guest.NIC{Model: "e1000", MAC: mac(4)}))
	r := g.net()
	for i, frames := range []int{1500, 2500} {
		t.must(t.host().SendFrames(t.interfaceName(r, i), frames), "flood interface %d", i)
	}
	r = g.wantCounts(true, 0, 1)
	for i := range 2 {
		name := fmt.Sprintf("net.%d.rx.drop", i)
		t.moves(name, t.uint(r, name) > 0)
	}
}

// link names a network device of the case. Linux allows 15 bytes.
func (t *T) link() string {
	return "lcs" + strings.ToLower(strings.ReplaceAll(t.def.ID, "-", "")) + "b"
}

func (t *T) bridge() string {
	name := t.link()
	remove, err := t.host().MakeBridge(t.ctx, name)
	t.must(err, "make a bridge")
	t.cleanup(func(context.Context) { remove() })
	return name
}

func netBridge(t *T) {
	g := t.disk(nics(guest.NIC{Model: "rtl8139", MAC: mac(3), Bridge: t.bridge()}))
	before := g.net()
	g.do("N", "N", "N", "N")
	after := g.sent(before, 4)
	equal(t, "the packets sent", t.grew(before, after, "net.0.tx.pkts"), 4)
	equal(t, "the bytes sent", t.grew(before, after, "net.0.tx.bytes"), 4*64)
	g.wantCounts(true, 0)
}

func netMacvtap(t *T) {
	bridge := t.bridge()
	name := t.link() + "t"
	remove, err := t.host().MakeMacvtap(t.ctx, name, bridge)
	t.must(err, "make a macvtap device")
	t.cleanup(func(context.Context) { remove() })
	g := t.disk(nics(guest.NIC{Model: "rtl8139", MAC: mac(3), Device: name}))
	before := g.net()
	equal(t, "net.0.name", t.interfaceName(before, 0), name)
	sent := func() uint64 {
		c, err := t.host().NetDev(name)
		t.must(err, "read the host's counters")
		return c.TxPackets
	}
	first := sent()
	g.do("N", "N", "N", "N")
	t.until(6*atOnce, "the device sends what the guest does", func() bool { return sent() >= first+4 })
	after := g.net()
	tx, rx := t.grew(before, after, "net.0.tx.pkts"), t.grew(before, after, "net.0.rx.pkts")
	swapped := rx >= 4 && tx < 4
	t.deviates("KD-16", swapped, "net.0.tx.pkts grew by %d and net.0.rx.pkts by %d while the guest sent 4 frames", tx, rx)
	t.check(swapped || tx >= 4, "net.0.tx.pkts does not follow what the guest sends")
	g.wantCounts(swapped, 0)
}
