// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// wide is the first value that 32 bits cannot hold: 4.3 s in nanoseconds, 4 GiB.
const wide = 1 << 32

// wideCases bring statistics beyond 32 bits, where a cut value shows.
func wideCases() []Case {
	files := require(NeedQEMU, NeedFiles)
	return []Case{
		{ID: "CPU-12", Title: "times of more than 32 bits", Needs: require(NeedQEMU, NeedPID, NeedX86, NeedFiles, NeedTime), Limit: 6 * minute, run: cpuWide},
		{ID: "CPU-13", Title: "system time of more than 32 bits", Needs: require(NeedQEMU, NeedPID, NeedFiles, NeedTime), Limit: 6 * minute, run: cpuWideSystem},
		{ID: "VCP-21", Title: "system time of a vCPU", Needs: require(NeedKVM, NeedPID, NeedX86, NeedFiles, NeedTime), Limit: 6 * minute, run: vcpSystem},
		{ID: "BLK-34", Title: "images of more than 4 GiB", Needs: files, run: blkWideImages},
		{ID: "BLK-35", Title: "counters of more than 32 bits", Needs: files, Limit: 6 * minute, run: blkWideCounters},
		{ID: "PRF-07", Title: "a clock of more than 32 bits", Needs: require(NeedQEMU, NeedPID, NeedPerf, NeedFiles, NeedTime), Limit: 6 * minute, run: prfWide},
	}
}

// reaches waits for what takes seconds of CPU time, which a busy machine may not
// give. The wait leaves the case a minute of its limit. What is not reached is a
// skip, so that the load of a machine fails no patch; that a case which never runs
// hides nothing is what requiring [NeedTime] is for.
func (t *T) reaches(what string, done func() bool) {
	const most = 5 * time.Minute
	for started := time.Now(); !done(); {
		if time.Since(started) <= most {
			continue
		}
		if slices.Contains(t.run.o.Require, NeedTime) {
			t.fatalf("%s is required, and missing: not after %s: %s", NeedTime, most, what)
		}
		t.skipf("the machine is too busy: not after %s: %s", most, what)
	}
}

func cpuWide(t *T) {
	g, p := t.spender(wide + wide/16)
	for _, c := range g.cpus() {
		g.wantThread(p, c.Index, c.ThreadID)
	}
	t.check(t.uint(g.record(domstats.GroupVCPU), "vcpu.0.time") > wide, "vcpu.0.time of a guest that was busy for 4.5 s is less")
	g.wantTimes(p)
}

// wantTimes compares the times of a paused guest with those of its process.
func (g *Guest) wantTimes(p Process) {
	t := g.t
	user0, system0, err := p.Times()
	t.must(err, "read the process's times")
	r := g.record(domstats.GroupCPU)
	user1, system1, err := p.Times()
	t.must(err, "read the process's times")
	const slack = 20 * time.Millisecond // of control groups
	for name, band := range map[string][2]time.Duration{"cpu.user": {user0, user1}, "cpu.system": {system0, system1}, "cpu.time": {user0 + system0, user1 + system1}} {
		v := time.Duration(t.uint(r, name))
		most := band[1] + slack + band[1]/100
		t.check(v+slack+band[0]/100 >= band[0] && v <= most, "%s is %s, the process had %s before and %s after", name, v, band[0], band[1])
	}
}

// cpuWideSystem makes QEMU's main thread read a file, which is the kernel's work for the most part.
func cpuWideSystem(t *T) {
	const size = 64 << 20
	g := oneDisk(t, guest.Disk{Target: "vda", File: t.file("vda.img", nil, size)})
	p := g.process()
	t.reaches("QEMU has spent 4.5 s of system time", func() bool {
		g.human(`qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "read 0 64M"`)
		_, system, err := p.Times()
		t.must(err, "read the process's times")
		return system > wide+wide/16
	})
	g.wantTimes(p)
	t.check(t.uint(g.record(domstats.GroupCPU), "cpu.system") > wide, "cpu.system of a QEMU that spent 4.5 s of system time is less")
}

func blkWideImages(t *T) {
	const large = 5<<30 + 512
	disks := func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", File: t.file("large.img", nil, large)},
			{Target: "vdb", Format: "qcow2", File: t.file("larger.qcow2", guest.QCOW2(large+1<<20, "", ""), 0)}}
	}
	running := t.small(true, disks)
	t.want(running.blk(), map[string]uint64{"block.count": 2, "block.0.capacity": large, "block.1.capacity": large + 1<<20, "block.0.physical": large})
	t.must(t.conn.SetThreshold(t.ctx, running.Domain, "vda", large-1023), "set a threshold")
	t.want(running.blk(), map[string]uint64{"block.0.threshold": large - 1023})
	running.destroy()
	// What is written goes beyond the first 4 GiB of the file.
	high := t.small(true, func(s *guest.Spec) {
		s.Disks = []guest.Disk{{Target: "vda", Format: "qcow2", File: t.file("high.qcow2", guest.TakenQCOW2(guest.DiskSize, wide+wide/64), 0)}}
	})
	high.inject("virtio-disk0", "aio_write -P 5 0 4k")
	r := high.blk()
	high.wantImage(r, 0, "vda", high.spec.Disks[0].File)
	t.check(t.uint(r, "block.0.allocation") > wide, "block.0.allocation is %d after a write beyond 4 GiB", t.uint(r, "block.0.allocation"))
	t.want(t.define(disks).blk(), map[string]uint64{"block.count": 2, "block.0.capacity": large, "block.1.capacity": large + 1<<20, "block.0.physical": large})
}

// blkWideCounters moves 4 GiB in each direction through a few pages of cache, and
// lets requests wait for each other until they have taken 4.3 s together.
func blkWideCounters(t *T) {
	const size, large, times = 16 << 20, 24 << 20, 257
	g := oneDisk(t, guest.Disk{Target: "vda", File: t.file("vda.img", nil, large)})
	// After a buffer of 24 MiB, glibc keeps smaller ones: the kernel need not give each of their
	// pages again.
	g.inject("virtio-disk0", "aio_read 0 24576k")
	const request = "0 16384k"
	for range times {
		g.inject("virtio-disk0", "aio_write -P 5 "+request)
		g.inject("virtio-disk0", "aio_read "+request)
	}
	r := g.blk()
	t.want(r, map[string]uint64{"block.0.wr.bytes": size * times, "block.0.rd.bytes": large + size*times, "block.0.wr.reqs": times, "block.0.rd.reqs": 1 + times})

	const few, perSecond = 8, 4
	g.throttle("virtio-disk0", perSecond)
	for range few {
		g.human(`qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "aio_write -P 5 0 4k"`)
		g.human(`qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "aio_read 0 4k"`)
	}
	t.until(time.Minute, "the requests are done", func() bool {
		now := g.counts()
		return now["wr.reqs"] == times+few && now["rd.reqs"] == 1+times+few
	})
	r = g.blk()
	for f, v := range g.counts() {
		equal(t, "block.0."+f, t.uint(r, "block.0."+f), v)
	}
	for _, f := range []string{"block.0.rd.times", "block.0.wr.times"} {
		t.check(t.uint(r, f) > wide, "%s is %d after requests that waited for each other", f, t.uint(r, f))
	}
}

// throttle bounds how many requests a disk does in each direction.
func (g *Guest) throttle(alias string, perSecond int) {
	args := map[string]any{"id": "/machine/peripheral/" + alias + "/virtio-backend", "bps": 0, "bps_rd": 0, "bps_wr": 0,
		"iops": 0, "iops_rd": perSecond, "iops_wr": perSecond}
	g.t.must(qmp.Call(g.t.ctx, g, "block_set_io_throttle", args, &struct{}{}), "slow the disk down")
}

// prfWide makes QEMU's main thread work for 4.3 s.
func prfWide(t *T) {
	const size = 64 << 20
	g := oneDisk(t, guest.Disk{Target: "vda", File: t.file("vda.img", nil, size)})
	p := g.process()
	read := func(c EventCounter) uint64 {
		v, err := c.Read()
		t.must(err, "read our own counter")
		return v
	}
	g.perf(true, "cpu_clock", "task_clock")
	ours := t.countEvent(p, "cpu_clock", false)
	t.reaches("the main thread has worked for 4.3 s", func() bool {
		g.human(`qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "read -P 0 0 64M"`)
		return read(ours) > wide+wide/16
	})
	least := read(ours)
	r := g.record(domstats.GroupPerf)
	for _, name := range []string{"perf.cpu_clock", "perf.task_clock"} {
		// libvirt counts the threads that the main thread makes as well.
		v := t.uint(r, name)
		t.check(v+least/8 >= least && v <= 4*least, "%s is %d, our own counter of the main thread has %d", name, v, least)
	}
}

// vcpSystem has a vCPU write to a port of QEMU, for which the kernel has to leave the guest.
func vcpSystem(t *T) {
	const enough = 200 * time.Millisecond
	g := t.rom(cores(1, 1))
	p, thread := g.process(), g.cpus()[0].ThreadID
	t.reaches("the thread of the vCPU has spent 200 ms of system time", func() bool {
		g.do("o")
		system, err := p.ThreadSystem(thread)
		t.must(err, "read the time of a thread")
		return system >= enough
	})
	g.suspend()
	g.wantThread(p, 0, thread)
}
