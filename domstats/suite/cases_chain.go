// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func chainCases() []Case {
	q, x := require(NeedQEMU, NeedFiles), require(NeedQEMU, NeedX86, NeedFiles)
	return []Case{
		{ID: "BLK-11", Title: "a chain of images", Needs: q, run: blkChain},
		{ID: "BLK-12", Title: "an external snapshot", Needs: q, run: blkSnapshot},
		{ID: "BLK-13", Title: "a block copy", Needs: q, run: blkCopy},
		{ID: "BLK-14", Title: "the scratch file of a backup", Needs: q, run: blkBackup},
		{ID: "BLK-15", Title: "the write threshold", Needs: x, run: blkThreshold},
	}
}

// chain makes a disk vda of three images: base, middle, top.
func (t *T) chain() guest.Disk {
	base := t.file("base.img", nil, guest.DiskSize)
	middle := t.file("middle.qcow2", guest.QCOW2(guest.DiskSize, base, "raw"), 0)
	top := t.file("top.qcow2", guest.QCOW2(guest.DiskSize, middle, "qcow2"), 0)
	return guest.Disk{Target: "vda", File: top, Format: "qcow2"}
}

// backing reads the block group with all images.
func (g *Guest) backing() domstats.Record {
	return g.recordFlags(domstats.GroupBlock, domstats.FlagBacking)
}

// images checks that there is one entry without BACKING, and how many with it.
func (g *Guest) images(with uint64) {
	g.t.want(g.blk(), map[string]uint64{"block.count": 1})
	g.t.want(g.backing(), map[string]uint64{"block.count": with})
	equal(g.t, "entries without BACKING", uint64(len(g.blk().Indices("block"))), uint64(1))
	equal(g.t, "entries with BACKING", uint64(len(g.backing().Indices("block"))), with)
}

func blkChain(t *T) {
	g := oneDisk(t, t.chain())
	g.images(3)
	r := g.backing()
	seen := map[uint64]bool{}
	for i := range 3 {
		p := fmt.Sprintf("block.%d.", i)
		t.wantText(r, p+"name", "vda")
		index := t.uint(r, p+"backingIndex")
		t.check(!seen[index], "%sbackingIndex %d appears twice", p, index)
		seen[index] = true
		t.check(r.Has(p+"path"), "%spath is missing", p)
		for _, c := range blockCounters() {
			t.check(r.Has(p+c) == (i == 0), "%s%s: present is %t", p, c, r.Has(p+c))
		}
	}
}

func blkSnapshot(t *T) {
	g := oneDisk(t, guest.Disk{Target: "vda", Format: "qcow2", File: t.file("vda.qcow2", guest.QCOW2(guest.DiskSize, "", ""), 0)})
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k")
	before := g.blk()
	g.images(1)
	xml := fmt.Sprintf(`<domainsnapshot><disks><disk name='vda' snapshot='external'><driver type='qcow2'/><source file='%s'/></disk></disks></domainsnapshot>`,
		t.path("snapshot.qcow2"))
	t.must(t.conn.Snapshot(t.ctx, g.Domain, xml), "take a snapshot")
	g.images(2)
	after := g.blk()
	t.moved(before, after, "vda", nil)
	t.wantText(before, "block.0.path", g.spec.Disks[0].File)
	t.wantText(after, "block.0.path", t.path("snapshot.qcow2"))
	t.check(t.uint(before, "block.0.backingIndex") != t.uint(after, "block.0.backingIndex"), "the new image has the index of the old one")
	r := g.backing()
	g.wantImage(r, 0, "vda", t.path("snapshot.qcow2"))
	g.wantImage(r, 1, "vda", g.spec.Disks[0].File)
	equal(t, "block.1.backingIndex", t.uint(r, "block.1.backingIndex"), t.uint(before, "block.0.backingIndex"))
}

func blkCopy(t *T) {
	g := oneDisk(t, t.raw("vda", "vda.img"))
	g.images(1)
	xml := fmt.Sprintf(`<disk type='file'><source file='%s'/><driver type='raw'/></disk>`, t.path("copy.img"))
	t.must(t.conn.BlockCopy(t.ctx, g.Domain, "vda", xml), "start a copy")
	g.images(2)
	t.must(t.conn.BlockJobAbort(t.ctx, g.Domain, "vda"), "end the copy")
	t.until(10*time.Second, "the copy is gone", func() bool { return t.uint(g.backing(), "block.count") == 1 })
}

func blkBackup(t *T) {
	g := oneDisk(t, guest.Disk{Target: "vda", Format: "qcow2", File: t.file("vda.qcow2", guest.QCOW2(guest.DiskSize, "", ""), 0)})
	xml := fmt.Sprintf(`<domainbackup mode='pull'><server transport='unix' socket='%s'/><disks><disk name='vda' backup='yes' type='file'>`+
		`<scratch file='%s'/></disk></disks></domainbackup>`, t.path("nbd.sock"), t.path("scratch"))
	t.must(t.conn.Backup(t.ctx, g.Domain, xml), "start a backup")
	g.images(2)
	t.must(t.conn.AbortJob(t.ctx, g.Domain), "end the backup")
	t.until(10*time.Second, "the backup is over", func() bool { return t.uint(g.backing(), "block.count") == 1 })
}

func blkThreshold(t *T) {
	g := t.disk()
	t.check(!g.blk().Has("block.0.threshold"), "block.0.threshold is there before one is set")
	t.must(t.conn.SetThreshold(t.ctx, g.Domain, "vda", 32768), "set a threshold")
	t.want(g.blk(), map[string]uint64{"block.0.threshold": 32768})
	g.do("w")
	gone := t.eventually(5*time.Second, func() bool { return !g.blk().Has("block.0.threshold") })
	t.check(gone, "block.0.threshold stays after a write beyond it")
}
