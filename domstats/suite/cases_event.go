// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"

	"gitlab.com/lcitool/lcitool/domstats/guest"
)

// eventCases have guests that pause or end without a request to libvirt.
func eventCases() []Case {
	return []Case{
		{ID: "STA-11", Title: "an I/O error pauses the guest", Needs: require(NeedQEMU, NeedX86, NeedFiles, NeedNBD), run: staIOError},
		{ID: "STA-12", Title: "the watchdog pauses the guest", Needs: require(NeedQEMU, NeedX86), run: staWatchdog},
	}
}

// staIOError has the guest read a disk whose server is gone. The request waits for the guest to
// be resumed and counts when it is done.
func staIOError(t *T) {
	socket, _, stop, err := t.host().ServeNBD(t.ctx, t.file("vdb.img", nil, guest.DiskSize))
	t.must(err, "serve a disk")
	defer stop()
	g := t.disk(func(s *guest.Spec) {
		s.Disks = append(s.Disks, guest.Disk{Target: "vdb", NBD: socket, Boot: 2, Pauses: true})
	})
	g.do("n", "r")
	before := g.blk()
	stop()
	ctx, cancel := context.WithCancel(t.ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		// A paused guest does not answer.
		_ = g.port.Do(ctx, "r")
	}()
	defer func() {
		cancel()
		<-over
	}()
	g.state(paused, reasonIOError)
	g.runState("io-error")
	t.moved(before, g.blk(), "vda", nil)
	t.moved(before, g.blk(), "vdb", nil)
	g.destroy()
}

// staWatchdog ends the time of a watchdog through QEMU's monitor.
func staWatchdog(t *T) {
	g := t.small(false, func(s *guest.Spec) { s.Watchdog = true })
	g.human("o /b 0x443 0xf") // the shortest time of this device is none
	g.state(paused, reasonWatchdog)
	g.runState("watchdog")
	g.resume()
	g.state(running, 5)
}
