// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

func imageCases() []Case {
	q, x := require(NeedQEMU, NeedFiles), require(NeedQEMU, NeedX86, NeedFiles)
	return []Case{
		{ID: "BLK-25", Title: "each image of two chains beside its own node", Needs: q, run: blkTwoChains},
		{ID: "BLK-26", Title: "the space that active disks take", Needs: q, run: blkSpace},
		{ID: "BLK-27", Title: "thresholds of two disks of three", Needs: q, run: blkTwoThresholds},
		{ID: "BLK-28", Title: "the write threshold of a qcow2 image", Needs: x, run: blkThresholdQcow2},
		{ID: "BLK-29", Title: "sizes of inactive images", Needs: q, run: blkInactiveSizes},
		{ID: "BLK-30", Title: "the target of a copy beside its own node", Needs: q, run: blkCopyTarget},
		{ID: "BLK-31", Title: "the scratch files of a backup beside their own nodes", Needs: q, run: blkScratch},
		{ID: "BLK-32", Title: "two disks with requests of their own", Needs: q, run: blkTwoDisks},
		{ID: "BLK-36", Title: "a chain that the definition of an inactive domain names", Needs: q, run: blkInactiveChain},
		{ID: "BLK-37", Title: "drives of an inactive domain that have no file", Needs: q, run: blkInactiveEmpty},
	}
}

// A graph is QEMU's view of its images.
type graph struct {
	nodes   map[string]qmp.Node // by node name
	highest map[string]uint64   // end of the highest write, by node name
}

func (g *Guest) graph() graph {
	t := g.t
	out := graph{map[string]qmp.Node{}, map[string]uint64{}}
	nodes, err := qmp.NamedNodes(t.ctx, g)
	t.must(err, "ask QEMU for its nodes")
	for _, n := range nodes {
		out.nodes[n.Name] = n
	}
	counts, err := qmp.BlockNodes(t.ctx, g)
	t.must(err, "ask QEMU for the counters of its nodes")
	for _, n := range counts {
		out.highest[n.Node] = n.Stats.HighestOffset
	}
	return out
}

// of finds the format and the storage node of an image by libvirt's index.
func (w graph) of(index uint64) (format, storage qmp.Node, ok bool) {
	storage, hasStorage := w.nodes[fmt.Sprintf("libvirt-%d-storage", index)]
	format, hasFormat := w.nodes[fmt.Sprintf("libvirt-%d-format", index)]
	switch {
	case hasFormat && !hasStorage: // the name of an image without a layer for its format
		storage = format
	case hasStorage && !hasFormat:
		format = storage
	}
	return format, storage, hasFormat || hasStorage
}

// wantImage compares one entry with the nodes of its index and with the file that
// it should be.
func (g *Guest) wantImage(r domstats.Record, i int, disk, path string) {
	t, p := g.t, fmt.Sprintf("block.%d.", i)
	t.wantText(r, p+"name", disk)
	t.wantText(r, p+"path", path)
	w := g.graph()
	format, storage, ok := w.of(t.uint(r, p+"backingIndex"))
	if !ok {
		t.errorf("%sbackingIndex is %d, QEMU has no node of that number", p, t.uint(r, p+"backingIndex"))
		return
	}
	t.check(strings.HasSuffix(storage.File, path), "%sbackingIndex is that of %s, not of %s", p, storage.File, path)
	equal(t, p+"capacity", t.uint(r, p+"capacity"), format.Image.VirtualSize)
	physical := format.Image.ActualSize
	if physical == 0 { // unknown to libvirt, which reports the length
		length, _, err := t.host().FileSize(path)
		t.must(err, "look at %s", path)
		physical = length
	}
	equal(t, p+"physical", t.uint(r, p+"physical"), physical)
	threshold, _ := r.Uint(p + "threshold")
	equal(t, p+"threshold (0 for none)", threshold, storage.Threshold)
	allocation, highest := t.uint(r, p+"allocation"), w.highest[storage.Name]
	if format.Driver != "qcow2" && allocation != highest {
		t.deviates("KD-2", allocation == 0, "%sallocation is %d, QEMU has %d", p, allocation, highest)
		return
	}
	equal(t, p+"allocation", allocation, highest)
}

// tower makes a disk of three images of different sizes, and gives their paths
// from the top.
func (t *T) tower(target string, mib int64) (guest.Disk, []string) {
	base := t.file(target+"-base.img", []byte(strings.Repeat("b", int(mib)<<12)), mib<<20)
	middle := t.file(target+"-middle.qcow2", guest.QCOW2(uint64(2*mib<<20), base, "raw"), 0)
	top := t.file(target+"-top.qcow2", guest.QCOW2(uint64(3*mib<<20), middle, "qcow2"), 0)
	return guest.Disk{Target: target, File: top, Format: "qcow2"}, []string{top, middle, base}
}

func blkTwoChains(t *T) {
	a, pathsA := t.tower("vda", 1)
	b, pathsB := t.tower("vdb", 5)
	g := t.small(true, func(s *guest.Spec) { s.Disks = []guest.Disk{a, b} })
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k")
	g.inject("virtio-disk1", "aio_write -P 5 65536 64k", "aio_write -P 5 655360 64k")
	r := g.backing()
	t.want(r, map[string]uint64{"block.count": 6})
	seen := map[uint64]bool{}
	for i, path := range append(pathsA, pathsB...) {
		g.wantImage(r, i, []string{"vda", "vdb"}[i/3], path)
		seen[t.uint(r, fmt.Sprintf("block.%d.backingIndex", i))] = true
	}
	equal(t, "the number of different indices", len(seen), 6)
	equal(t, "block.1.capacity", t.uint(r, "block.1.capacity"), 2<<20)
	equal(t, "block.5.capacity", t.uint(r, "block.5.capacity"), 5<<20)
	// The same without the images below.
	r = g.blk()
	t.want(r, map[string]uint64{"block.count": 2})
	g.wantImage(r, 0, "vda", pathsA[0])
	g.wantImage(r, 1, "vdb", pathsB[0])
}

func blkSpace(t *T) {
	some := func(name string, kib int) guest.Disk {
		return guest.Disk{Target: name, File: t.file(name+".img", []byte(strings.Repeat("x", kib<<10)), 4<<20)}
	}
	disks := []guest.Disk{some("vda", 64), some("vdb", 512), some("hda", 1024)}
	const odd = 1<<20 + 100
	none := guest.Disk{Target: "vdc", File: t.file("vdc.img", nil, odd)}
	g := t.small(true, func(s *guest.Spec) { s.Disks = append(disks, none) })
	r := g.blk()
	for _, d := range disks {
		length, space, err := t.host().FileSize(d.File)
		t.must(err, "look at the image")
		p := t.entry(r, d.Target)
		equal(t, d.Target+": "+p+"physical", t.uint(r, p+"physical"), space)
		equal(t, d.Target+": "+p+"capacity", t.uint(r, p+"capacity"), length)
		t.wantText(r, p+"path", d.File)
		t.check(space > 0 && space < length, "the image of %s takes %d of %d bytes, so the two cannot be told apart", d.Target, space, length)
	}
	// QEMU does not know the space of a file that takes none: libvirt has its length instead. The
	// guest has whole sectors.
	_, space, err := t.host().FileSize(none.File)
	t.must(err, "look at the image")
	if space != 0 {
		t.notef("a file without data takes %d bytes here", space)
		return
	}
	p := t.entry(r, none.Target)
	t.want(r, map[string]uint64{p + "physical": odd, p + "capacity": 1<<20 + 512})
}

// wantThresholds compares the thresholds of disks with what was set and with QEMU's own.
func (g *Guest) wantThresholds(want map[string]uint64) {
	t, r, w := g.t, g.blk(), g.graph()
	for disk, v := range want {
		p := t.entry(r, disk)
		got, there := r.Uint(p + "threshold")
		t.check(there == (v > 0), "%s: %sthreshold is present: %t", disk, p, there)
		if !there {
			continue
		}
		equal(t, disk+": "+p+"threshold", got, v)
		_, storage, _ := w.of(t.uint(r, p+"backingIndex"))
		equal(t, "QEMU's threshold of "+disk, storage.Threshold, v)
	}
}

func blkTwoThresholds(t *T) {
	g := t.small(true, func(s *guest.Spec) {
		s.Disks = []guest.Disk{t.raw("vda", "a.img"), {Target: "vdb", Format: "qcow2", File: t.file("b.qcow2", guest.QCOW2(guest.DiskSize, "", ""), 0)}, t.raw("vdc", "c.img")}
	})
	g.wantThresholds(map[string]uint64{"vda": 0, "vdb": 0, "vdc": 0})
	set := func(disk string, bytes uint64) {
		t.must(t.conn.SetThreshold(t.ctx, g.Domain, disk, bytes), "set the threshold of %s", disk)
	}
	set("vdb", 900001)
	g.wantThresholds(map[string]uint64{"vda": 0, "vdb": 900001, "vdc": 0})
	set("vdc", 5<<30+1)
	g.wantThresholds(map[string]uint64{"vda": 0, "vdb": 900001, "vdc": 5<<30 + 1})
	g.inject("virtio-disk2", "aio_write -P 5 0 4k")
	g.wantThresholds(map[string]uint64{"vda": 0, "vdb": 900001, "vdc": 5<<30 + 1})
	set("vdb", 0)
	g.wantThresholds(map[string]uint64{"vda": 0, "vdb": 0, "vdc": 5<<30 + 1})
}

func blkThresholdQcow2(t *T) {
	g := oneDisk(t, guest.Disk{Target: "vda", Format: "qcow2", File: t.file("vda.qcow2", guest.QCOW2(guest.DiskSize, "", ""), 0)})
	g.inject("virtio-disk0", "aio_write -P 5 0 4k")
	above := g.highest() + 4096
	t.must(t.conn.SetThreshold(t.ctx, g.Domain, "vda", above), "set a threshold")
	g.wantThresholds(map[string]uint64{"vda": above})
	g.inject("virtio-disk0", "aio_write -P 5 524288 128k")
	gone := t.eventually(5*atOnce, func() bool { return !g.blk().Has("block.0.threshold") })
	t.check(gone, "block.0.threshold stays after a write beyond it")
	t.check(g.highest() > above, "the write did not pass the threshold")
}

func blkInactiveSizes(t *T) {
	a := t.file("a.img", []byte(strings.Repeat("x", 64<<10)), 2<<20)
	b := t.file("b.qcow2", guest.QCOW2(7<<20, "", ""), 0)
	g := t.define(func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", File: a}, {Target: "vdb", File: b, Format: "qcow2"}}
	})
	r := g.blk()
	t.want(r, map[string]uint64{"block.count": 2, "block.0.capacity": 2 << 20, "block.1.capacity": 7 << 20})
	for i, path := range []string{a, b} {
		p := fmt.Sprintf("block.%d.", i)
		t.wantText(r, p+"path", path)
		length, space, err := t.host().FileSize(path)
		t.must(err, "look at the image")
		equal(t, p+"physical", t.uint(r, p+"physical"), length)
		equal(t, p+"allocation", t.uint(r, p+"allocation"), space)
	}
	t.want(g.backing(), map[string]uint64{"block.count": 2})

	// The files change: sizes are those of the moment. What takes no space has none.
	t.file("a.img", nil, 3<<20)
	t.file("b.qcow2", guest.QCOW2(9<<20, "", ""), 1<<20)
	r = g.blk()
	t.wantNames(r, "block.0.", "block.0.name", "block.0.path", "block.0.capacity", "block.0.physical")
	t.want(r, map[string]uint64{"block.0.capacity": 3 << 20, "block.0.physical": 3 << 20})
	t.wantInactive(r, 1, "vdb", b, 9<<20)
}

// wantInactive compares an entry of an inactive domain with the file.
func (t *T) wantInactive(r domstats.Record, i int, disk, path string, capacity uint64) {
	p := fmt.Sprintf("block.%d.", i)
	length, space, err := t.host().FileSize(path)
	t.must(err, "look at the image")
	t.wantText(r, p+"name", disk)
	t.wantText(r, p+"path", path)
	t.want(r, map[string]uint64{p + "capacity": capacity, p + "physical": length, p + "allocation": space})
}

func blkInactiveChain(t *T) {
	disk, paths := t.tower("vda", 1)
	disk.Backing = []guest.Layer{{File: paths[1], Format: "qcow2"}, {File: paths[2], Format: "raw"}}
	second := t.file("second.img", []byte(strings.Repeat("x", 64<<10)), 2<<20)
	g := t.define(func(s *guest.Spec) { s.Disks = []guest.Disk{disk, {Target: "vdb", File: second}} })
	r := g.blk()
	t.want(r, map[string]uint64{"block.count": 2})
	t.wantInactive(r, 0, "vda", paths[0], 3<<20)
	t.wantInactive(r, 1, "vdb", second, 2<<20)
	r = g.backing()
	t.want(r, map[string]uint64{"block.count": 4})
	for i, capacity := range []uint64{3 << 20, 2 << 20, 1 << 20} {
		t.wantInactive(r, i, "vda", paths[i], capacity)
	}
	t.wantInactive(r, 3, "vdb", second, 2<<20)
}

func blkInactiveEmpty(t *T) {
	full := t.file("full.img", []byte(strings.Repeat("x", 64<<10)), 2<<20)
	disks := []guest.Disk{{Target: "fda", Device: "floppy"}, {Target: "hdc", Device: "cdrom"}, {Target: "hdd", File: full}, {Target: "vda", NBD: t.path("nobody.sock")}}
	t.wantOnly("hdd", full, t.define(func(s *guest.Spec) { s.Disks = disks }))

	g := t.add(guest.Spec{MemoryKiB: 16384, Disks: append(disks, guest.Disk{Target: "vdb", VhostUser: t.path("nobody.sock")})})
	xml, err := g.spec.XML()
	t.must(err, "describe the guest")
	d, err := t.conn.Define(t.ctx, xml)
	if domstats.ErrorCode(err) != 0 {
		t.notef("QEMU has no vhost-user disks: %v", err)
		return
	}
	t.must(err, "define %s", g.spec.Name)
	g.Domain = d
	t.wantOnly("hdd", full, g)
}

// wantOnly checks that one disk of an inactive guest has a path and sizes, those of a file of
// 2 MiB, and the others have neither.
func (t *T) wantOnly(disk, file string, g *Guest) {
	r := g.blk()
	t.want(r, map[string]uint64{"block.count": uint64(len(g.spec.Disks))})
	for _, other := range g.spec.Disks {
		if other.Target != disk {
			t.wantDrive(r, other.Target, false, false)
		}
	}
	p := t.entry(r, disk)
	t.wantText(r, p+"path", file)
	t.want(r, map[string]uint64{p + "capacity": 2 << 20, p + "physical": 2 << 20, p + "allocation": 64 << 10})
}

// setThreshold sets that of the image of one entry.
func (g *Guest) setThreshold(r domstats.Record, i int, disk string, bytes uint64) {
	t, index := g.t, g.t.uint(r, fmt.Sprintf("block.%d.backingIndex", i))
	t.must(t.conn.SetThreshold(t.ctx, g.Domain, fmt.Sprintf("%s[%d]", disk, index), bytes), "set the threshold of image %d", index)
}

func blkCopyTarget(t *T) {
	source := guest.Disk{Target: "vda", File: t.file("vda.img", []byte(strings.Repeat("x", 64<<10)), guest.DiskSize)}
	g := t.small(true, func(s *guest.Spec) { s.Disks = []guest.Disk{source, t.raw("vdb", "vdb.img")} })
	target := t.path("copy.img")
	xml := fmt.Sprintf(`<disk type='file'><source file='%s'/><driver type='qcow2'/></disk>`, target)
	t.must(t.conn.BlockCopy(t.ctx, g.Domain, "vda", xml), "start a copy")
	// Until then the target grows.
	t.until(12*atOnce, "all is copied", func() bool {
		jobs, err := qmp.BlockJobs(t.ctx, g)
		t.must(err, "ask QEMU for its jobs")
		return len(jobs) == 1 && jobs[0].Ready
	})
	g.setThreshold(g.backing(), 1, "vda", 700001)
	r := g.backing()
	t.want(r, map[string]uint64{"block.count": 3, "block.1.threshold": 700001})
	g.wantImage(r, 0, "vda", source.File)
	g.wantImage(r, 1, "vda", target)
	t.wantText(r, "block.2.name", "vdb")
	t.check(!r.Has("block.1.rd.reqs"), "the target of the copy has the counters of a device")
	t.check(t.uint(r, "block.0.physical") != t.uint(r, "block.1.physical"), "both images take %d bytes, so they cannot be told apart", t.uint(r, "block.0.physical"))
	before := g.blk()
	t.want(before, map[string]uint64{"block.count": 2})

	index := t.uint(r, "block.1.backingIndex")
	t.until(12*atOnce, "the copy takes the place of the disk", func() bool { // libvirt learns later than QEMU that it is complete
		return t.conn.BlockJobPivot(t.ctx, g.Domain, "vda") == nil
	})
	r = g.backing()
	t.want(r, map[string]uint64{"block.count": 2, "block.0.backingIndex": index})
	g.wantImage(r, 0, "vda", target)
	t.moved(before, r, "vda", nil)
}

// blkScratch backs up two disks of three, each to a file of its own.
func blkScratch(t *T) {
	sources := map[string]string{"vda": t.file("vda.qcow2", guest.QCOW2(guest.DiskSize, "", ""), 0), "vdb": t.file("vdb.img", nil, 3<<20)}
	g := t.small(true, func(s *guest.Spec) {
		s.Disks = []guest.Disk{t.raw("hda", "hda.img"), {Target: "vda", Format: "qcow2", File: sources["vda"]}, {Target: "vdb", File: sources["vdb"]}}
	})
	scratch := map[string]string{"vda": t.path("scratch-a"), "vdb": t.path("scratch-b")}
	xml := fmt.Sprintf(`<domainbackup mode='pull'><server transport='unix' socket='%s'/><disks>`+
		`<disk name='vda' backup='yes' type='file'><scratch file='%s'/></disk>`+
		`<disk name='vdb' backup='yes' type='file'><scratch file='%s'/></disk><disk name='hda' backup='no'/></disks></domainbackup>`,
		t.path("nbd.sock"), scratch["vda"], scratch["vdb"])
	t.must(t.conn.Backup(t.ctx, g.Domain, xml), "start a backup")
	r := g.backing()
	t.want(r, map[string]uint64{"block.count": 5})
	for i, disk := range []string{"vda", "vdb"} {
		g.setThreshold(r, t.place(r, disk)+1, disk, 700001+uint64(i))
	}
	r = g.backing()
	for disk, source := range sources {
		i := t.place(r, disk)
		g.wantImage(r, i, disk, source)
		g.wantImage(r, i+1, disk, scratch[disk])
	}
	t.want(g.blk(), map[string]uint64{"block.count": 3})
	t.must(t.conn.AbortJob(t.ctx, g.Domain), "end the backup")
}

func blkTwoDisks(t *T) {
	g := t.small(true, func(s *guest.Spec) {
		s.Disks = []guest.Disk{t.raw("vda", "a.img"), t.raw("vdb", "b.img"), t.raw("vdc", "c.img")}
	})
	before := g.blk()
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k", "aio_write -P 5 65536 4k", "aio_read 0 16k")
	g.inject("virtio-disk2", "aio_write -P 5 0 512", "aio_read 0 4k", "aio_read 0 1k", "aio_read 0 512")
	after := g.blk()
	t.moved(before, after, "vda", map[string]uint64{"wr.reqs": 2, "wr.bytes": 12288, "rd.reqs": 1, "rd.bytes": 16384, "fl.reqs": 1})
	t.moved(before, after, "vdb", nil)
	t.moved(before, after, "vdc", map[string]uint64{"wr.reqs": 1, "wr.bytes": 512, "rd.reqs": 3, "rd.bytes": 5632, "fl.reqs": 1})
	devices, err := qmp.BlockDevices(t.ctx, g)
	t.must(err, "ask QEMU for its block devices")
	for i, d := range devices {
		s, p := d.Stats, fmt.Sprintf("block.%d.", i)
		t.want(after, map[string]uint64{p + "rd.times": s.ReadTime, p + "wr.times": s.WriteTime, p + "fl.times": s.FlushTime,
			p + "rd.reqs": s.ReadReqs, p + "wr.reqs": s.WriteReqs, p + "fl.reqs": s.FlushReqs})
	}
	t.check(t.uint(after, "block.0.fl.times") > 0 && t.uint(after, "block.0.wr.times") > 0, "requests took no time")
}
