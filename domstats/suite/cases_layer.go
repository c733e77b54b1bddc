// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// layerCases tell the images of a chain and the disks of each bus apart.
func layerCases() []Case {
	q := require(NeedQEMU, NeedFiles)
	return []Case{
		{ID: "BLK-38", Title: "thresholds of images below the first", Needs: q, run: blkThresholdsBelow},
		{ID: "BLK-39", Title: "a chain that is merged into its lowest image", Needs: q, run: blkCommit},
		{ID: "BLK-40", Title: "disks of each bus with requests of their own", Needs: q, run: blkBuses},
		{ID: "BLK-41", Title: "flush times of more than 32 bits", Needs: require(NeedQEMU, NeedFiles, NeedNBD), run: blkWideFlush},
		{ID: "BLK-42", Title: "an encrypted image of an inactive domain", Needs: q, run: blkEncrypted},
		{ID: "BLK-43", Title: "a chain that is copied into its first image", Needs: q, run: blkPull},
		{ID: "BLK-44", Title: "an image that is merged into the one below", Needs: q, run: blkCommitBelow},
	}
}

// place is the number of a disk's first entry.
func (t *T) place(r domstats.Record, disk string) int {
	p := t.entry(r, disk)
	var i int
	if _, err := fmt.Sscanf(p, "block.%d.", &i); err != nil {
		t.fatalf("%s is no entry", p)
	}
	return i
}

func blkThresholdsBelow(t *T) {
	g := oneDisk(t, t.chain())
	r := g.backing()
	set := map[uint64]uint64{} // by index
	check := func() {
		r, w := g.backing(), g.graph()
		for i := range 3 {
			p := fmt.Sprintf("block.%d.", i)
			index := t.uint(r, p+"backingIndex")
			got, there := r.Uint(p + "threshold")
			t.check(there == (set[index] > 0) && got == set[index], "%sthreshold is %d, not %d (0 for none)", p, got, set[index])
			_, storage, _ := w.of(index)
			equal(t, "QEMU's threshold of "+storage.Name, storage.Threshold, set[index])
		}
		// Without BACKING only that of the first image shows.
		alone := g.blk()
		got, _ := alone.Uint("block.0.threshold")
		equal(t, "block.0.threshold without BACKING", got, set[t.uint(alone, "block.0.backingIndex")])
	}
	for n, i := range []int{1, 2, 0} {
		index, bytes := t.uint(r, fmt.Sprintf("block.%d.backingIndex", i)), uint64(900001+2*n)
		t.must(t.conn.SetThreshold(t.ctx, g.Domain, fmt.Sprintf("vda[%d]", index), bytes), "set the threshold of image %d", index)
		set[index] = bytes
		check()
	}
}

// blkCommit looks at a job whose target is an image of the chain: it has its entry already.
func blkCommit(t *T) {
	disk, paths := t.tower("vda", 1)
	g := oneDisk(t, disk)
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k")
	before := g.backing()
	chain := func(r domstats.Record) {
		t.want(r, map[string]uint64{"block.count": 3})
		t.wantNames(r, "block.", before.Names("block.")...)
		for i, path := range paths {
			t.wantText(r, fmt.Sprintf("block.%d.path", i), path)
			name := fmt.Sprintf("block.%d.backingIndex", i)
			equal(t, name, t.uint(r, name), t.uint(before, name))
		}
	}
	chain(before)
	t.must(t.conn.BlockCommit(t.ctx, g.Domain, "vda", ""), "merge the chain")
	chain(g.backing())
	t.until(12*atOnce, "the job can be ended", func() bool { return t.conn.BlockJobPivot(t.ctx, g.Domain, "vda") == nil })
	var after domstats.Record
	t.until(12*atOnce, "the chain has one image", func() bool { after = g.backing(); return t.uint(after, "block.count") == 1 })
	t.wantText(after, "block.0.path", paths[2])
	equal(t, "block.0.backingIndex", t.uint(after, "block.0.backingIndex"), t.uint(before, "block.2.backingIndex"))
	t.moved(before, after, "vda", nil)
}

// blkBuses has a disk on each bus, found by what libvirt knows of its device in QEMU.
func blkBuses(t *T) {
	disks := []guest.Disk{t.raw("vda", "virtio.img"), t.raw("hda", "ide.img"), t.raw("sda", "scsi.img"), t.raw("sdb", "usb.img"),
		t.raw("sdc", "sata.img"), {Target: "fda", Device: "floppy", File: t.file("floppy.img", nil, 1440<<10)}}
	disks[3].Bus, disks[4].Bus = "usb", "sata"
	g := t.small(true, func(s *guest.Spec) { s.SCSI, s.Disks = true, disks })
	before := g.blk()
	t.want(before, map[string]uint64{"block.count": uint64(len(disks))})
	devices, err := qmp.BlockDevices(t.ctx, g)
	t.must(err, "ask QEMU for its block devices")
	nodes := g.graph().nodes
	byFile := map[string]string{}
	for _, d := range devices {
		byFile[nodes[d.Node].File] = d.QDev
	}
	for i, d := range disks {
		for _, command := range []string{fmt.Sprintf("aio_write -P 5 0 %dk", 4*(i+1)), fmt.Sprintf("aio_read 0 %dk", 8*(i+1)), "aio_flush"} {
			g.human(`qemu-io -d %s "%s"`, byFile[d.File], command)
		}
	}
	after := g.blk()
	for i, d := range disks {
		n := uint64(i + 1)
		t.moved(before, after, d.Target, map[string]uint64{"wr.reqs": 1, "wr.bytes": 4096 * n, "rd.reqs": 1, "rd.bytes": 8192 * n, "fl.reqs": 1})
		t.wantText(after, t.entry(after, d.Target)+"path", d.File)
	}
	devices, err = qmp.BlockDevices(t.ctx, g)
	t.must(err, "ask QEMU for its block devices")
	for _, x := range devices {
		for _, d := range disks {
			if p := t.entry(after, d.Target); nodes[x.Node].File == d.File {
				t.want(after, map[string]uint64{p + "rd.times": x.Stats.ReadTime, p + "wr.times": x.Stats.WriteTime, p + "fl.times": x.Stats.FlushTime})
			}
		}
	}
}

// delayed makes requests of a disk whose server is stopped for a time.
func (g *Guest) delayed(server Signaler, span time.Duration, request func()) {
	t := g.t
	t.must(server.Signal(SigStop), "stop the server")
	done := make(chan struct{})
	go func() {
		defer close(done)
		request()
	}()
	t.span(span)
	t.must(server.Signal(SigCont), "let the server go on")
	select {
	case <-done:
	case <-t.ctx.Done():
		t.fatalf("the requests do not end")
	}
}

// blkWideFlush stops the server of a disk while requests are on their way.
func blkWideFlush(t *T) {
	socket, server, stop, err := t.host().ServeNBD(t.ctx, t.file("vda.img", nil, guest.DiskSize))
	t.must(err, "serve a disk")
	defer stop()
	g := oneDisk(t, guest.Disk{Target: "vda", NBD: socket})
	// When the requests reach QEMU cannot be seen, as its monitor waits with them.
	t.attempts(func() bool {
		g.delayed(server, wide+200*time.Millisecond, func() { g.inject("virtio-disk0", "aio_write -P 5 0 4k") })
		now := g.counts()
		return now["fl.times"] > wide && now["wr.times"] > wide
	})
	r := g.blk()
	for f, v := range g.counts() {
		equal(t, "block.0."+f, t.uint(r, "block.0."+f), v)
	}
	for _, f := range []string{"block.0.fl.times", "block.0.wr.times"} {
		t.check(t.uint(r, f) > wide, "%s is %d after requests that took 4.3 s", f, t.uint(r, f))
	}
	g.destroy()
}

// blkEncrypted has one file as two disks: the head is no part of the capacity where the definition
// says that the image is encrypted.
func blkEncrypted(t *T) {
	const head, length = 1 << 20, 3 << 20
	file := func(name string) string { return t.file(name, guest.LUKS(head/512), length) }
	disks := []guest.Disk{{Target: "vda", File: file("a.luks"), Encrypted: true}, {Target: "vdb", File: file("b.luks")}}
	g := t.define(func(s *guest.Spec) { s.Disks = disks })
	r := g.blk()
	t.want(r, map[string]uint64{"block.count": 2})
	t.wantInactive(r, 0, "vda", disks[0].File, length-head)
	t.wantInactive(r, 1, "vdb", disks[1].File, length)
}

// blkPull leaves the first image of a chain. QEMU 7.2 dies of it.
func blkPull(t *T) {
	if t.run.qemu < domstats.MakeVersion(8, 0, 0) {
		t.notef("not judged: QEMU %s ends when images are copied into one", t.run.qemu)
		return
	}
	disk, paths := t.tower("vda", 1)
	g := oneDisk(t, disk)
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k")
	before := g.backing()
	t.want(before, map[string]uint64{"block.count": 3})
	t.must(t.conn.BlockPull(t.ctx, g.Domain, "vda"), "copy the chain into its first image")
	var after domstats.Record
	t.until(12*atOnce, "the chain has one image", func() bool { after = g.backing(); return t.uint(after, "block.count") == 1 })
	equal(t, "block.0.backingIndex", t.uint(after, "block.0.backingIndex"), t.uint(before, "block.0.backingIndex"))
	t.moved(before, after, "vda", nil)
	g.wantImage(after, 0, "vda", paths[0])
	t.wantNames(g.blk(), "", after.Names("")...)
}

// blkCommitBelow merges the second of three images into the third: the guest uses neither meanwhile.
func blkCommitBelow(t *T) {
	disk, paths := t.tower("vda", 1)
	g := oneDisk(t, disk)
	g.inject("virtio-disk0", "aio_write -P 5 65536 8k")
	before := g.backing()
	t.want(before, map[string]uint64{"block.count": 3})
	index := func(r domstats.Record, i int) uint64 { return t.uint(r, fmt.Sprintf("block.%d.backingIndex", i)) }
	t.must(t.conn.BlockCommit(t.ctx, g.Domain, "vda", fmt.Sprintf("vda[%d]", index(before, 1))), "merge an image")
	var after domstats.Record
	t.until(12*atOnce, "the chain has two images", func() bool { after = g.backing(); return t.uint(after, "block.count") == 2 })
	equal(t, "block.0.backingIndex", index(after, 0), index(before, 0))
	equal(t, "block.1.backingIndex", index(after, 1), index(before, 2))
	t.moved(before, after, "vda", nil)
	g.wantImage(after, 0, "vda", paths[0])
	g.wantImage(after, 1, "vda", paths[2])
}
