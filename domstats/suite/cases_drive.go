// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func driveCases() []Case {
	q, x := require(NeedQEMU, NeedFiles), require(NeedQEMU, NeedX86, NeedFiles)
	return []Case{
		{ID: "BLK-16", Title: "empty drives", Needs: q, run: blkEmpty},
		{ID: "BLK-17", Title: "inserting and ejecting", Needs: q, run: blkInsert},
		{ID: "BLK-18", Title: "plugging moves the indices", Needs: q, run: blkPlug},
		{ID: "BLK-19", Title: "unplugging without the guest", Needs: q, run: blkUnplug},
		{ID: "BLK-20", Title: "unplugging that the guest ignores", Needs: x, Idle: true, run: blkUnplugLate},
		{ID: "BLK-21", Title: "a disk on the network", Needs: require(NeedQEMU, NeedFiles, NeedNBD), run: blkNetwork},
		{ID: "BLK-22", Title: "an inactive domain", Needs: q, run: blkInactive},
		{ID: "BLK-23", Title: "sources that are missing, optional and not", Needs: q, run: blkMissing},
		{ID: "BLK-24", Title: "times", Needs: x, run: blkTimes},
		{ID: "BLK-33", Title: "a qcow2 image of an inactive domain", Needs: require(NeedQEMU, NeedFiles), run: blkInactiveQCOW2},
	}
}

func (g *Guest) attachDisk(d guest.Disk) {
	xml, err := d.XML()
	g.t.must(err, "describe the disk")
	g.t.must(g.t.conn.Attach(g.t.ctx, g.Domain, xml), "plug %s in", d.Target)
}

func (g *Guest) detachDisk(d guest.Disk) {
	xml, err := d.XML()
	g.t.must(err, "describe the disk")
	g.t.must(g.t.conn.Detach(g.t.ctx, g.Domain, xml), "plug %s out", d.Target)
}

// wantDrive checks the fields of one entry: its counters, its path, its sizes.
func (t *T) wantDrive(r domstats.Record, disk string, path, sizes bool) {
	p := t.entry(r, disk)
	t.check(r.Has(p+"path") == path, "%s: a path is present: %t", disk, r.Has(p+"path"))
	for _, f := range []string{"allocation", "capacity", "physical"} {
		t.check(r.Has(p+f) == sizes, "%s: %s is present: %t", disk, f, r.Has(p+f))
	}
}

func blkEmpty(t *T) {
	g := t.small(true, func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "hdc", Device: "cdrom"}, {Target: "fda", Device: "floppy"}}
	})
	r := g.blk()
	t.want(r, map[string]uint64{"block.count": 2})
	for _, disk := range []string{"hdc", "fda"} {
		t.wantDrive(r, disk, false, false)
		p := t.entry(r, disk)
		for _, f := range blockCounters() {
			t.want(r, map[string]uint64{p + f: 0})
		}
	}
}

func blkInsert(t *T) {
	drive := guest.Disk{Target: "hdc", Device: "cdrom"}
	g := oneDisk(t, drive)
	t.wantDrive(g.blk(), "hdc", false, false)
	change := func(file string) domstats.Record {
		drive.File = file
		xml, err := drive.XML()
		t.must(err, "describe the drive")
		t.must(t.conn.Update(t.ctx, g.Domain, xml), "change the medium")
		return g.blk()
	}
	file := t.file("medium.iso", nil, guest.DiskSize)
	r := change(file)
	t.wantDrive(r, "hdc", true, true)
	p := t.entry(r, "hdc")
	t.wantText(r, p+"path", file)
	t.want(r, map[string]uint64{p + "capacity": guest.DiskSize})
	t.wantDrive(change(""), "hdc", false, false)
}

func blkPlug(t *T) {
	g := t.small(true, func(s *guest.Spec) {
		s.Disks = []guest.Disk{t.raw("vda", "a.img"), t.raw("vdb", "b.img"), t.raw("hda", "h.img")}
	})
	g.inject("virtio-disk1", "aio_write -P 5 65536 8k")
	before := g.blk()
	equal(t, "the bytes written to vdb", t.uint(before, t.entry(before, "vdb")+"wr.bytes"), 8192)
	g.attachDisk(t.raw("vdc", "c.img"))
	after := g.blk()
	t.want(after, map[string]uint64{"block.count": 4})
	for _, disk := range []string{"vda", "vdb", "hda"} {
		t.moved(before, after, disk, nil)
	}
	p := t.entry(after, "vdc")
	t.want(after, map[string]uint64{p + "wr.bytes": 0, p + "capacity": guest.DiskSize})
}

func blkUnplug(t *T) {
	usb, scsi := t.raw("sda", "a.img"), t.raw("sdb", "b.img")
	usb.Bus = "usb"
	g := t.small(true, func(s *guest.Spec) {
		s.SCSI = true
		s.Disks = []guest.Disk{t.raw("vda", "vda.img"), usb, scsi}
	})
	t.want(g.blk(), map[string]uint64{"block.count": 3})
	for i, d := range []guest.Disk{usb, scsi} {
		g.detachDisk(d)
		r := g.blk()
		_, there := r.Named("block", d.Target)
		t.check(!there, "%s is still reported", d.Target)
		t.want(r, map[string]uint64{"block.count": uint64(2 - i)})
	}
}

func blkUnplugLate(t *T) {
	second := t.raw("vdb", "vdb.img")
	g := t.disk(func(s *guest.Spec) { s.Disks = append(s.Disks, second) })
	g.detachDisk(second)
	r := g.blk()
	_, there := r.Named("block", "vdb")
	t.check(there, "vdb is gone though the guest did not agree")
	g.eject("vdb")
	g.waitGone("vdb")
	t.want(g.blk(), map[string]uint64{"block.count": 1})
}

func blkNetwork(t *T) {
	socket, _, stop, err := t.host().ServeNBD(t.ctx, t.file("vda.img", nil, guest.DiskSize))
	t.must(err, "serve a disk")
	defer stop()
	g := oneDisk(t, guest.Disk{Target: "vda", NBD: socket})
	before := g.blk()
	t.check(!before.Has("block.0.path"), "block.0.path is there")
	// QEMU does not know the space that it takes.
	t.want(before, map[string]uint64{"block.0.capacity": guest.DiskSize, "block.0.physical": guest.DiskSize})
	g.inject("virtio-disk0", "aio_read 0 4k")
	t.moved(before, g.blk(), "vda", map[string]uint64{"rd.reqs": 1, "rd.bytes": 4096, "fl.reqs": 1})
	g.destroy()
}

func blkInactive(t *T) {
	// An image that takes no space at all would have no allocation field.
	file := t.file("vda.img", guest.Image(), guest.DiskSize)
	g := t.define(func(s *guest.Spec) { s.Disks = []guest.Disk{{Target: "vda", File: file}} })
	r := g.blk()
	t.wantNames(r, "", "block.count", "block.0.name", "block.0.path", "block.0.allocation", "block.0.capacity", "block.0.physical")
	t.want(r, map[string]uint64{"block.0.capacity": guest.DiskSize})
	// The length of the file here, what it takes on disk in an active domain.
	t.deviates("KD-7", t.uint(r, "block.0.physical") == guest.DiskSize && t.uint(r, "block.0.allocation") < guest.DiskSize,
		"physical is the file's length while the domain is inactive")
}

// blkInactiveQCOW2 has an image whose capacity, length and space all differ.
func blkInactiveQCOW2(t *T) {
	const length = 400 << 10
	file := t.file("vda.qcow2", guest.QCOW2(guest.DiskSize, "", ""), length)
	_, space, err := t.host().FileSize(file)
	t.must(err, "look at the image")
	g := t.define(func(s *guest.Spec) { s.Disks = []guest.Disk{{Target: "vda", Format: "qcow2", File: file}} })
	r := g.blk()
	t.want(r, map[string]uint64{"block.0.capacity": guest.DiskSize, "block.0.allocation": space})
	physical := t.uint(r, "block.0.physical")
	t.check(physical == length || physical == space, "block.0.physical is %d, neither the length %d nor the space %d", physical, length, space)
	t.deviates("KD-7", physical == length, "physical is the file's length while the domain is inactive")
}

func blkMissing(t *T) {
	there := t.file("there.img", []byte(strings.Repeat("x", 64<<10)), 2<<20)
	missing := []string{t.path("missing.img"), t.path("lost.img")}
	g := t.define(func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", File: missing[0], Optional: true}, {Target: "vdb", File: missing[1]}, {Target: "vdc", File: there}}
	})
	r := g.blk()
	t.want(r, map[string]uint64{"block.count": 3})
	for i, disk := range []string{"vda", "vdb"} {
		p := fmt.Sprintf("block.%d.", i)
		t.wantNames(r, p, p+"name", p+"path")
		t.wantText(r, p+"name", disk)
		t.wantText(r, p+"path", missing[i])
	}
	t.wantInactive(r, 2, "vdc", there, 2<<20)
}

func blkTimes(t *T) {
	g := t.disk()
	started := time.Now()
	before := g.blk()
	for range 5 {
		g.do("r", "w")
	}
	after := g.blk()
	wall := uint64(time.Since(started))
	for _, f := range []string{"block.0.rd.times", "block.0.wr.times"} {
		grown := t.grew(before, after, f)
		t.check(grown > 0 && grown < 10*wall, "%s grew by %d ns in %d ns of I/O", f, grown, wall)
	}
}

func sorted(s []int) []int {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}
