// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

func blockCases() []Case {
	q, x := require(NeedQEMU, NeedFiles), require(NeedQEMU, NeedX86, NeedFiles)
	return []Case{
		{ID: "BLK-01", Title: "reads of the boot are exact", Needs: x, run: blkBoot},
		{ID: "BLK-02", Title: "reads", Needs: x, run: blkRead},
		{ID: "BLK-03", Title: "writes", Needs: x, run: blkWrite},
		{ID: "BLK-04", Title: "flushes", Needs: x, run: blkFlush},
		{ID: "BLK-05", Title: "the right disk", Needs: x, run: blkRightDisk},
		{ID: "BLK-06", Title: "requests injected into the device", Needs: q, run: blkInjected},
		{ID: "BLK-07", Title: "the highest write, qcow2", Needs: q, run: blkHighQcow2},
		{ID: "BLK-08", Title: "the highest write, raw", Needs: x, run: blkHighRaw},
		{ID: "BLK-09", Title: "the capacity", Needs: q, run: blkCapacity},
		{ID: "BLK-10", Title: "counters beside QEMU's", Needs: q, run: blkCross},
	}
}

func (g *Guest) blk() domstats.Record { return g.record(domstats.GroupBlock) }

// entry finds the prefix of a disk's entry.
func (t *T) entry(r domstats.Record, disk string) string {
	p, ok := r.Named("block", disk)
	if !ok {
		t.fatalf("%s has no entry", disk)
	}
	return p
}

func blockCounters() []string {
	return []string{"rd.reqs", "rd.bytes", "rd.times", "wr.reqs", "wr.bytes", "wr.times", "fl.reqs", "fl.times"}
}

// moved checks by how much the counters of a disk grew; those not named must
// not have, times apart.
func (t *T) moved(before, after domstats.Record, disk string, want map[string]uint64) {
	a, b := t.entry(before, disk), t.entry(after, disk)
	for _, f := range blockCounters() {
		old, now := t.uint(before, a+f), t.uint(after, b+f)
		t.check(now >= old, "%s: %s fell from %d to %d", disk, f, old, now)
		if f[3:] != "times" {
			t.check(now-old == want[f], "%s: %s grew by %d, not %d", disk, f, now-old, want[f])
		}
	}
}

func blkBoot(t *T) {
	g := t.disk()
	r := g.blk()
	t.want(r, map[string]uint64{"block.count": 1, "block.0.rd.reqs": 2, "block.0.rd.bytes": 4096, "block.0.wr.reqs": 0, "block.0.wr.bytes": 0})
}

func blkRead(t *T) {
	g := t.disk()
	before := g.blk()
	g.do("r", "r", "r")
	t.moved(before, g.blk(), "vda", map[string]uint64{"rd.reqs": 3, "rd.bytes": 12288})
}

func blkWrite(t *T) {
	g := t.disk()
	before := g.blk()
	g.do("w", "w")
	t.moved(before, g.blk(), "vda", map[string]uint64{"wr.reqs": 2, "wr.bytes": 8192})
}

func blkFlush(t *T) {
	g := t.disk(func(s *guest.Spec) {
		s.Disks = append(s.Disks, guest.Disk{Target: "hda", File: t.file("hda.img", nil, guest.DiskSize)})
	})
	before := g.blk()
	g.do("f", "f", "f")
	after := g.blk()
	t.moved(before, after, "hda", map[string]uint64{"fl.reqs": 3})
	t.moved(before, after, "vda", nil)
}

func blkRightDisk(t *T) {
	g := t.disk(func(s *guest.Spec) {
		s.Disks = append(s.Disks, guest.Disk{Target: "vdb", File: t.file("vdb.img", nil, guest.DiskSize), Boot: 2})
	})
	before := g.blk()
	g.do("n", "r")
	after := g.blk()
	t.moved(before, after, "vda", nil)
	t.moved(before, after, "vdb", map[string]uint64{"rd.reqs": 1, "rd.bytes": 4096})
}

// oneDisk is a paused guest with a second disk vdb, to inject requests into.
func oneDisk(t *T, d guest.Disk) *Guest {
	return t.small(true, func(s *guest.Spec) { s.Disks = []guest.Disk{d} })
}

func (t *T) raw(target, name string) guest.Disk {
	return guest.Disk{Target: target, File: t.file(name, nil, guest.DiskSize)}
}

// inject makes the device of a virtio disk do requests that count as the
// guest's, and waits for them.
func (g *Guest) inject(alias string, commands ...string) {
	for _, c := range commands {
		g.human(`qemu-io -d /machine/peripheral/%s/virtio-backend "%s"`, alias, c)
	}
	g.human(`qemu-io -d /machine/peripheral/%s/virtio-backend "aio_flush"`, alias)
}

func blkInjected(t *T) {
	g := oneDisk(t, t.raw("vda", "vda.img"))
	before := g.blk()
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k", "aio_read 65536 12k")
	after := g.blk()
	t.moved(before, after, "vda", map[string]uint64{"wr.reqs": 1, "wr.bytes": 8192, "rd.reqs": 1, "rd.bytes": 12288, "fl.reqs": 1})
	g.human(`qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "write -P 6 0 4k"`)
	t.moved(after, g.blk(), "vda", nil)
}

// highest is the end of the highest write below the format layer, of a disk.
func (g *Guest) highest() uint64 {
	nodes, err := qmp.BlockNodes(g.t.ctx, g)
	g.t.must(err, "ask QEMU for its block nodes")
	var most uint64
	for _, n := range nodes {
		most = max(most, n.Stats.HighestOffset)
		if n.Parent != nil {
			most = max(most, n.Parent.Stats.HighestOffset)
		}
	}
	return most
}

func blkHighQcow2(t *T) {
	g := oneDisk(t, guest.Disk{Target: "vda", Format: "qcow2", File: t.file("vda.qcow2", guest.QCOW2(guest.DiskSize, "", ""), 0)})
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k")
	v := t.uint(g.blk(), "block.0.allocation")
	t.check(v > 0, "block.0.allocation is 0 after a write")
	equal(t, "block.0.allocation", v, g.highest())
}

func blkHighRaw(t *T) {
	g := t.disk()
	g.do("w")
	v := t.uint(g.blk(), "block.0.allocation")
	t.deviates("KD-2", v == 0, "block.0.allocation is 0 after a write, QEMU has %d", g.highest())
	t.check(v == 0 || v == 36864, "block.0.allocation is %d, the write ended at 36864", v)
}

func blkCapacity(t *T) {
	g := oneDisk(t, t.raw("vda", "vda.img"))
	t.want(g.blk(), map[string]uint64{"block.0.capacity": guest.DiskSize})
	t.must(t.conn.BlockResize(t.ctx, g.Domain, "vda", 2<<20), "resize the disk")
	t.want(g.blk(), map[string]uint64{"block.0.capacity": 2 << 20})
}

// counts are the counters that QEMU has for its only device.
func (g *Guest) counts() map[string]uint64 {
	devices, err := qmp.BlockDevices(g.t.ctx, g)
	g.t.must(err, "ask QEMU for its block devices")
	for _, d := range devices {
		if d.QDev != "" {
			s := d.Stats
			return map[string]uint64{"rd.reqs": s.ReadReqs, "rd.bytes": s.ReadBytes, "rd.times": s.ReadTime, "wr.reqs": s.WriteReqs,
				"wr.bytes": s.WriteBytes, "wr.times": s.WriteTime, "fl.reqs": s.FlushReqs, "fl.times": s.FlushTime}
		}
	}
	g.t.fatalf("QEMU has no block device")
	return nil
}

func blkCross(t *T) {
	g := oneDisk(t, t.raw("vda", "vda.img"))
	last := g.blk()
	for range 5 {
		g.inject("virtio-disk0", "aio_write -P 5 65536 8k", "aio_read 0 4k")
		before := g.counts()
		r := g.blk()
		after := g.counts()
		for _, f := range blockCounters() {
			v := t.uint(r, "block.0."+f)
			t.check(v >= before[f] && v <= after[f], "block.0.%s is %d, QEMU had %d before and %d after", f, v, before[f], after[f])
		}
		t.report(domstats.CheckMonotonic(domstats.NewCatalogue(), last, r), "under load")
		t.check(t.grew(last, r, "block.0.wr.bytes") == 8192, "block.0.wr.bytes does not follow a write")
		last = r
	}
}

// waitGone waits for a disk to leave the statistics.
func (g *Guest) waitGone(disk string) {
	g.t.until(15*time.Second, disk+" is gone", func() bool {
		_, there := g.blk().Named("block", disk)
		return !there
	})
}
