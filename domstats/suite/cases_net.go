// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func interfaceCases() []Case {
	q, tap := require(NeedQEMU), require(NeedQEMU, NeedTap)
	x := require(NeedQEMU, NeedTap, NeedX86, NeedFiles)
	return []Case{
		{ID: "NET-01", Title: "no interface", Needs: q, run: netNone},
		{ID: "NET-02", Title: "a user interface leaves a gap", Needs: require(NeedQEMU, NeedSlirp), run: netGap},
		{ID: "NET-03", Title: "what the guest sends is exact", Needs: x, run: netTransmit},
		{ID: "NET-04", Title: "directions are the guest's", Needs: x, run: netDirection},
		{ID: "NET-05", Title: "from host to guest", Needs: append(require(NeedRaw), x...), run: netReceive},
		{ID: "NET-06", Title: "plugging", Needs: tap, run: netPlug},
		{ID: "NET-07", Title: "unplugging without the guest", Needs: tap, run: netUnplug},
		{ID: "NET-08", Title: "unplugging with the guest's help", Needs: x, run: netUnplugAck},
		{ID: "NET-09", Title: "unplugging that the guest ignores", Needs: x, Idle: true, run: netUnplugLate},
		{ID: "NET-10", Title: "link down", Needs: tap, run: netLinkDown},
		{ID: "NET-11", Title: "an inactive domain", Needs: q, run: netInactive},
		{ID: "NET-12", Title: "frames nobody wants are dropped", Needs: x, run: netDrop},
	}
}

func nics(list ...guest.NIC) func(*guest.Spec) {
	return func(s *guest.Spec) { s.NICs = list }
}

func (g *Guest) net() domstats.Record { return g.record(domstats.GroupInterface) }

func netFields(i int) []string {
	names := []string{fmt.Sprintf("net.%d.name", i)}
	for _, d := range []string{"rx", "tx"} {
		for _, f := range []string{"bytes", "pkts", "errs", "drop"} {
			names = append(names, fmt.Sprintf("net.%d.%s.%s", i, d, f))
		}
	}
	return names
}

func netNone(t *T) {
	r := t.small(true).net()
	t.wantNames(r, "", "net.count")
	t.want(r, map[string]uint64{"net.count": 0})
}

func netGap(t *T) {
	user := guest.NIC{User: true, Model: "e1000", MAC: mac(1)}
	want, list := []string{"net.count"}, []guest.NIC{user}
	if t.has(NeedTap) {
		list = append(list, guest.NIC{Model: "e1000", MAC: mac(2)})
		want = append(want, netFields(1)...)
	}
	r := t.small(true, nics(list...)).net()
	t.wantNames(r, "", want...)
	t.want(r, map[string]uint64{"net.count": uint64(len(list))})
}

// wired is the scripted guest with the one card that it can drive.
func wired(t *T) *Guest { return t.disk(nics(guest.NIC{Model: "rtl8139", MAC: mac(3)})) }

// sent waits for the host to have taken packets from the guest.
func (g *Guest) sent(before domstats.Record, packets uint64) domstats.Record {
	r := before
	g.t.eventually(5*time.Second, func() bool {
		r = g.net()
		return g.t.grew(before, r, "net.0.tx.pkts") >= packets
	})
	return r
}

func netTransmit(t *T) {
	g := wired(t)
	before := g.net()
	g.do("N", "N", "N", "N", "N", "N")
	after := g.sent(before, 6)
	equal(t, "the packets sent", t.grew(before, after, "net.0.tx.pkts"), 6)
	equal(t, "the bytes sent", t.grew(before, after, "net.0.tx.bytes"), 384)
	equal(t, "the errors", t.grew(before, after, "net.0.tx.errs"), 0)
}

// device is the name of the guest's tap.
func (g *Guest) device() string {
	p, ok := g.net().Lookup("net.0.name")
	g.t.check(ok, "net.0.name is missing")
	name, _ := p.Value.(string)
	return name
}

func (g *Guest) hostCounts() NetCounts {
	c, err := g.t.host().NetDev(g.device())
	g.t.must(err, "read the host's counters")
	return c
}

func netDirection(t *T) {
	g := wired(t)
	before, host := g.net(), g.hostCounts()
	g.do("N", "N", "N", "N", "N", "N")
	after := g.sent(before, 6)
	now := g.hostCounts()
	equal(t, "what the host received", now.RxPackets-host.RxPackets, t.grew(before, after, "net.0.tx.pkts"))
	equal(t, "the bytes that the host received", now.RxBytes-host.RxBytes, t.grew(before, after, "net.0.tx.bytes"))
}

func netReceive(t *T) {
	g := wired(t)
	g.do("N")
	device := g.device()
	start := g.net()
	t.must(t.host().SendFrames(device, 5), "send frames to the guest")
	t.until(10*time.Second, "the guest receives packets", func() bool {
		return t.grew(start, g.net(), "net.0.rx.pkts") >= 1
	})
	// The host sends on its own as well, so its counter is read on both sides.
	low := g.hostCounts()
	r := g.net()
	high := g.hostCounts()
	v := t.uint(r, "net.0.rx.pkts")
	t.check(v >= low.TxPackets && v <= high.TxPackets, "net.0.rx.pkts is %d, the host sent %d before and %d after", v, low.TxPackets, high.TxPackets)
	v = t.uint(r, "net.0.rx.bytes")
	t.check(v >= low.TxBytes && v <= high.TxBytes, "net.0.rx.bytes is %d, the host sent %d before and %d after", v, low.TxBytes, high.TxBytes)
}

func (g *Guest) attachNIC(n guest.NIC) {
	xml, err := n.XML()
	g.t.must(err, "describe the interface")
	g.t.must(g.t.conn.Attach(g.t.ctx, g.Domain, xml), "plug the interface in")
}

func (g *Guest) detachNIC(n guest.NIC) {
	xml, err := n.XML()
	g.t.must(err, "describe the interface")
	g.t.must(g.t.conn.Detach(g.t.ctx, g.Domain, xml), "plug the interface out")
}

func netPlug(t *T) {
	g := t.small(true, nics(guest.NIC{Model: "e1000", MAC: mac(4)}))
	before := g.net()
	g.attachNIC(guest.NIC{Model: "usb-net", MAC: mac(5)})
	r := g.net()
	t.want(r, map[string]uint64{"net.count": 2})
	t.wantNames(r, "", append(append(netFields(0), netFields(1)...), "net.count")...)
	a, _ := r.Lookup("net.0.name")
	b, _ := r.Lookup("net.1.name")
	old, _ := before.Lookup("net.0.name")
	t.check(a.Value == old.Value && b.Value != a.Value, "the names are %v and %v, there was %v", a.Value, b.Value, old.Value)
}

func netUnplug(t *T) {
	usb := guest.NIC{Model: "usb-net", MAC: mac(5)}
	g := t.small(true, nics(guest.NIC{Model: "e1000", MAC: mac(4)}))
	g.attachNIC(usb)
	t.want(g.net(), map[string]uint64{"net.count": 2})
	g.detachNIC(usb)
	r := g.net()
	t.want(r, map[string]uint64{"net.count": 1})
	t.wantNames(r, "", append(netFields(0), "net.count")...)
}

// eject makes the guest let go of a PCI device.
func (g *Guest) eject(device string) {
	xml, err := g.t.conn.XML(g.t.ctx, g.Domain)
	g.t.must(err, "read the definition")
	slot, err := guest.Slot(xml, device)
	g.t.must(err, "find the device")
	g.do("e" + string(rune('@'+slot)))
}

func (g *Guest) waitNICs(n uint64) {
	g.t.until(15*time.Second, fmt.Sprintf("the domain has %d interfaces", n), func() bool {
		return g.t.uint(g.net(), "net.count") == n
	})
}

func netUnplugAck(t *T) {
	card := guest.NIC{Model: "e1000", MAC: mac(6)}
	g := t.disk(nics(card))
	t.want(g.net(), map[string]uint64{"net.count": 1})
	g.lateUnplug(func() { g.detachNIC(card) }, mac(6), func() bool { return t.uint(g.net(), "net.count") == 0 })
	t.wantNames(g.net(), "", "net.count")
}

// lateUnplug asks for the removal of a PCI device in the background and makes
// the guest agree once the request is on its way.
func (g *Guest) lateUnplug(request func(), device string, gone func() bool) {
	xml, err := g.t.conn.XML(g.t.ctx, g.Domain)
	g.t.must(err, "read the definition")
	slot, err := guest.Slot(xml, device)
	g.t.must(err, "find the device")
	g.agree(request, "e"+string(rune('@'+slot)), gone)
}

// agree runs request, which waits for the guest, and sends the guest's
// command when the request holds the domain's job, until gone.
func (g *Guest) agree(request func(), command string, gone func() bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		request()
	}()
	finished := func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	g.t.until(10*time.Second, "the request takes the domain's job", func() bool {
		return finished() || !g.recordFlags(everything, domstats.FlagNoWait).Has("balloon.rss")
	})
	g.t.until(15*time.Second, "the device is gone", func() bool {
		g.do(command)
		return gone()
	})
	select {
	case <-done:
	case <-g.t.ctx.Done():
		g.t.fatalf("the request to unplug does not return")
	}
}

func netUnplugLate(t *T) {
	card := guest.NIC{Model: "virtio", MAC: mac(7)}
	g := t.disk(nics(card))
	g.detachNIC(card)
	t.want(g.net(), map[string]uint64{"net.count": 1})
	g.eject(mac(7))
	g.waitNICs(0)
}

func netLinkDown(t *T) {
	card := guest.NIC{Model: "virtio", MAC: mac(8)}
	g := t.small(true, nics(card))
	before := g.net()
	card.Down = true
	xml, err := card.XML()
	t.must(err, "describe the interface")
	t.must(t.conn.Update(t.ctx, g.Domain, xml), "set the link down")
	after := g.net()
	t.wantNames(after, "", before.Names("")...)
	equal(t, "net.count", t.uint(after, "net.count"), t.uint(before, "net.count"))
}

func netInactive(t *T) {
	g := t.define(nics(guest.NIC{User: true, Model: "virtio", MAC: mac(9)}))
	t.wantNames(g.net(), "")
}

func netDrop(t *T) {
	g := wired(t)
	before := g.net()
	g.do("N", "N", "N")
	after := g.sent(before, 3)
	equal(t, "the packets dropped", t.grew(before, after, "net.0.tx.drop"), t.grew(before, after, "net.0.tx.pkts"))
}
