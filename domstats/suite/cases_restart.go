// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// restartCases have something under way when the daemon restarts.
func restartCases() []Case {
	all := require(NeedQEMU, NeedX86, NeedPID, NeedDaemon, NeedFiles)
	return []Case{
		{ID: "LIF-14", Title: "the daemon restarts while images are copied", Needs: all, Alone: true, run: lifCopying},
		{ID: "LIF-15", Title: "what happens while no daemon runs", Needs: all, Alone: true, run: lifAway},
	}
}

// A listed image is one entry of the block group.
type listed struct{ disk, path string }

// wantImages compares all entries with QEMU's nodes.
func (g *Guest) wantImages(r domstats.Record, images []listed) {
	g.t.want(r, map[string]uint64{"block.count": uint64(len(images))})
	for i, x := range images {
		g.wantImage(r, i, x.disk, x.path)
	}
}

// copying is a paused guest that has used its vCPU 0. Of its disks one is a chain that is backed
// up, the other one is copied.
func (t *T) copying() (*Guest, []listed) {
	kvm := t.has(NeedKStats)
	chain, paths := t.tower("vda", 1)
	source, scratch, target := t.raw("vdb", "b.img"), t.path("scratch"), t.path("copy.qcow2")
	g := t.small(false, cores(2, 4), func(s *guest.Spec) {
		s.KVM, s.Disks, s.IOThreads = kvm, []guest.Disk{chain, source}, []guest.IOThread{{ID: 3}}
	})
	t.until(12*atOnce, "vCPU 0 uses its CPU", func() bool { return t.uint(g.record(domstats.GroupVCPU), "vcpu.0.time") > 0 })
	g.suspend()
	xml := fmt.Sprintf(`<disk type='file'><source file='%s'/><driver type='qcow2'/></disk>`, target)
	t.must(t.conn.BlockCopy(t.ctx, g.Domain, "vdb", xml), "start a copy")
	t.until(12*atOnce, "all is copied", func() bool {
		jobs, err := qmp.BlockJobs(t.ctx, g)
		t.must(err, "ask QEMU for its jobs")
		return len(jobs) == 1 && jobs[0].Ready
	})
	xml = fmt.Sprintf(`<domainbackup mode='pull'><server transport='unix' socket='%s'/><disks><disk name='vda' backup='yes' type='file'>`+
		`<scratch file='%s'/></disk><disk name='vdb' backup='no'/></disks></domainbackup>`, t.path("nbd.sock"), scratch)
	t.must(t.conn.Backup(t.ctx, g.Domain, xml), "start a backup")
	g.setThreshold(g.backing(), 1, "vda", 900001)
	return g, []listed{{"vda", paths[0]}, {"vda", paths[1]}, {"vda", paths[2]}, {"vda", scratch}, {"vdb", source.File}, {"vdb", target}}
}

// lifCopying plugs devices in after the restart: QEMU must not have something under their names.
func lifCopying(t *T) {
	g, images := t.copying()
	p := g.process()
	before := g.recordFlags(everything, domstats.FlagBacking)
	g.wantImages(before, images)
	t.must(t.host().RestartDaemon(t.ctx, nil), "restart the daemon")
	t.reopen()
	after := g.recordFlags(everything, domstats.FlagBacking)
	t.wantNames(after, "", before.Names("")...)
	t.wantStill(before, after)
	g.wantImages(after, images)
	for _, c := range g.cpus() {
		g.wantThread(p, c.Index, c.ThreadID)
	}

	fresh := t.raw("vdc", "c.img")
	g.attachDisk(fresh)
	g.plug(3, true)
	t.must(t.conn.AddIOThread(t.ctx, g.Domain, 9), "add IOThread 9")
	r := g.recordFlags(everything, domstats.FlagBacking)
	g.wantImages(r, append(images, listed{"vdc", fresh.File}))
	t.want(r, map[string]uint64{"iothread.count": 2})
	schema := g.schema()
	g.wantVCPUs(r, schema, 0, 1, 3)
	g.bracket(schema, true)

	t.must(t.conn.BlockJobAbort(t.ctx, g.Domain, "vdb"), "end the copy")
	t.must(t.conn.AbortJob(t.ctx, g.Domain), "end the backup")
	const left = 5 // three disks; one of them is a chain of three images
	t.eventually(10*time.Second, func() bool { return t.uint(g.backing(), "block.count") == left })
	t.want(g.backing(), map[string]uint64{"block.count": left})
}

// lifAway has guests that give memory back, power off, crash, are killed and paused by a watchdog
// between one daemon and the next, which has to ask QEMU.
func lifAway(t *T) {
	const kib = 49152
	given, off := t.disk(), t.persistentDisk()
	dead := t.disk(func(s *guest.Spec) { s.Panic = true })
	killed := t.define()
	killed.start(false)
	p := killed.process()
	watched := t.small(false, func(s *guest.Spec) { s.Watchdog = true })
	given.target(kib)
	before := given.record(everything)
	t.want(before, map[string]uint64{"balloon.current": fullKiB})
	watched.human("o /b 0x443 0xe") // in two seconds
	t.must(t.host().RestartDaemon(t.ctx, func() {
		t.span(3 * time.Second)
		given.do("b")
		off.doUntilAnswered("x")
		dead.doUntilAnswered("P")
		t.kill(p)
	}), "restart the daemon")
	t.reopen()

	t.eventually(10*time.Second, func() bool { return t.uint(given.balloon(), "balloon.current") == kib })
	r := given.record(everything)
	t.wantNames(r, "", before.Names("")...)
	t.want(r, map[string]uint64{"balloon.current": kib, "balloon.maximum": fullKiB, "state.state": running, "state.reason": 1})
	off.state(shutOff, 1)
	killed.state(shutOff, reasonCrashed)
	for _, g := range []*Guest{off, killed} {
		t.onlyInactive(g.record(everything))
	}
	watched.state(paused, reasonWatchdog)
	dead.state(crashed, 1)
	t.check(complete(dead.record(everything)), "the record of a domain that crashed is not full")
}

// kill ends a process before the next daemon starts: one that still reaches a dying QEMU takes
// it for a domain that it has to end itself.
func (t *T) kill(p Process) {
	t.must(p.Signal(SigKill), "kill QEMU")
	t.until(12*atOnce, "the killed QEMU is gone", func() bool {
		_, _, err := p.Times()
		return err != nil
	})
}
