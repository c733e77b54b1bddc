// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// host is the machine under the daemon. It lacks nothing.
type host struct{ s *Stack }

func (host) Missing(suite.Need) string { return "" }

func (host) Path(name string) string { return "/run/" + name }

func (h host) WriteFile(name string, data []byte, size int64) (string, error) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	h.s.files[h.Path(name)] = file{data, max(size, int64(len(data)))}
	return h.Path(name), nil
}

func (h host) find(match func(*domain) bool) (*domain, error) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	for _, d := range h.s.qemu {
		if d.active() && match(d) {
			return d, nil
		}
	}
	return nil, fmt.Errorf("no such guest runs")
}

func (h host) Connect(_ context.Context, path string) (suite.Port, error) {
	d, err := h.find(func(d *domain) bool {
		serials := d.definition.Devices.Serials
		return len(serials) == 1 && serials[0].Source.UNIX.Path == path
	})
	if err != nil {
		return nil, err
	}
	return &port{h.s, d}, nil
}

func (h host) Process(_ context.Context, name string) (suite.Process, error) {
	d, err := h.find(func(d *domain) bool { return d.id.Name == name })
	if err != nil {
		return nil, err
	}
	return process{h.s, d}, nil
}

func (h host) NetDev(name string) (suite.NetCounts, error) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	if n, ok := h.s.peers[name]; ok {
		return suite.NetCounts{RxBytes: n.rxBytes, RxPackets: n.rxPkts, TxBytes: n.txBytes, TxPackets: n.txPkts}, nil
	}
	n, ok := h.s.devices[name]
	if !ok {
		return suite.NetCounts{}, fmt.Errorf("no device %q", name)
	}
	if n.shared {
		return suite.NetCounts{RxBytes: n.rxBytes, RxPackets: n.rxPkts, RxErrors: n.rxErrs, RxDropped: n.rxDrop,
			TxBytes: n.txBytes, TxPackets: n.txPkts, TxDropped: n.txDrop}, nil
	}
	return suite.NetCounts{RxBytes: n.txBytes, RxPackets: n.txPkts, RxErrors: n.txErrs, RxDropped: n.txDrop,
		TxBytes: n.rxBytes, TxPackets: n.rxPkts, TxDropped: n.rxDrop}, nil
}

// RenameLink hides the device from libvirt, which knows it by its name.
func (h host) RenameLink(_ context.Context, name, now string) error {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	n, ok := h.s.devices[name]
	if !ok {
		return fmt.Errorf("there is no device %q", name)
	}
	delete(h.s.devices, name)
	h.s.devices[now], n.gone = n, now != n.device
	return nil
}

// MakePair makes devices in the place of an interface's, whose counters begin again.
func (h host) MakePair(_ context.Context, name, peer string) (func(), error) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	for _, d := range h.s.qemu {
		for _, n := range d.nics {
			if n.device == name {
				x := n.x
				*n = nic{x: x, device: name, slot: n.slot}
				h.s.devices[name], h.s.peers[peer] = n, n
			}
		}
	}
	return func() {}, nil
}

// MakeFailing makes a device in the place of an interface's.
func (h host) MakeFailing(ctx context.Context, name string) (func(int) error, func(), error) {
	_, err := h.MakePair(ctx, name, name+"s")
	return func(frames int) error {
		h.s.mu.Lock()
		defer h.s.mu.Unlock()
		h.s.devices[name].txErrs += uint64(frames)
		return nil
	}, func() {}, err
}

// MakeClosedMacvtap makes a device in the place of an interface's that has its directions.
func (h host) MakeClosedMacvtap(ctx context.Context, name string) (func(small, large int) error, func(), error) {
	_, err := h.MakePair(ctx, name, name+"p")
	return func(small, large int) error {
		h.s.mu.Lock()
		defer h.s.mu.Unlock()
		n := h.s.devices[name]
		n.shared = true
		n.rxPkts += uint64(small)
		n.rxBytes += 64 * uint64(small)
		n.rxErrs += uint64(large)
		return nil
	}, func() {}, err
}

func (h host) MakeTap(context.Context, string) (func(), error) { return func() {}, nil }

func (h host) SendLarge(name string, frames int) error {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	if n, ok := h.s.peers[name]; ok {
		n.txPkts += uint64(frames)
		n.txBytes += uint64(frames) * suite.LargeFrame
	} else if n, ok := h.s.devices[name]; ok {
		n.rxPkts += uint64(frames)
		n.rxBytes += uint64(frames) * suite.LargeFrame
	}
	return nil
}

func (h host) SendFrames(name string, frames int) error {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	n, ok := h.s.devices[name]
	if !ok {
		return fmt.Errorf("there is no device %q", name)
	}
	if !n.receives {
		const queue = 1000
		n.rxDrop += uint64(max(frames-queue, 0))
		return nil
	}
	n.rxPkts += uint64(frames)
	n.rxBytes += 64 * uint64(frames)
	return nil
}

func (h host) ServeNBD(_ context.Context, file string) (string, suite.Signaler, func(), error) {
	socket := file + ".nbd"
	return socket, nbdServer{h.s, socket}, func() {
		h.s.mu.Lock()
		defer h.s.mu.Unlock()
		h.s.deadServers[socket] = true
	}, nil
}

// RestartDaemon cuts all connections; domains run on.
func (h host) RestartDaemon(_ context.Context, meanwhile func()) error {
	h.s.mu.Lock()
	close(h.s.restart)
	h.s.restart = make(chan struct{})
	h.s.mu.Unlock()
	if meanwhile != nil {
		meanwhile()
	}
	return nil
}

func (host) ErrorsSince(int) ([]string, int) { return nil, 0 }

func (h host) Uptime() (time.Duration, error) { return time.Since(h.s.started), nil }

var errGone = errors.New("no such process")

// process is the QEMU of a domain.
type process struct {
	s *Stack
	d *domain
}

func (p process) look() {
	p.s.mu.Lock()
	p.d.advance(time.Now())
}

func (p process) Times() (user, system time.Duration, err error) {
	p.look()
	defer p.s.mu.Unlock()
	if !p.d.active() {
		return 0, 0, errGone
	}
	user, system = p.d.spent()
	return user, system, nil
}

// thread is the vCPU of a thread, as query-cpus-fast numbers them.
func (p process) thread(id int) (*vcpu, error) {
	v, ok := p.d.vcpus[id-100]
	if !ok {
		return nil, fmt.Errorf("no thread %d", id)
	}
	return v, nil
}

func (p process) ThreadTime(id int) (time.Duration, error) {
	p.look()
	defer p.s.mu.Unlock()
	v, err := p.thread(id)
	if err != nil {
		return 0, err
	}
	return v.time, nil
}

func (p process) ThreadSystem(id int) (time.Duration, error) {
	spent, err := p.ThreadTime(id)
	return spent / 2, err
}

func (p process) Delay(id int) (time.Duration, error) {
	p.look()
	defer p.s.mu.Unlock()
	v, err := p.thread(id)
	if err != nil {
		return 0, err
	}
	return v.delay, nil
}

func (process) Pin(int, int) (bool, error) { return true, nil }

func (p process) Resident() (uint64, error) { return p.d.resident(), nil }

func (p process) Private() (uint64, error) { return p.Resident() }

func (process) Wait(int) (time.Duration, bool, error) { return 0, false, nil }

func (process) Descriptors() (int, error) { return 40, nil }

func (process) CGroup() (string, error) { return "/machine/qemu-1.libvirt-qemu", nil }

// An eventCounter counts what the model's events count: requests, and the threads that
// were made.
type eventCounter struct {
	p       process
	since   events
	inherit bool
}

func (p process) CountEvent(_ string, inherit bool) (suite.EventCounter, error) {
	p.look()
	defer p.s.mu.Unlock()
	return eventCounter{p, p.d.events(), inherit}, nil
}

func (c eventCounter) Read() (uint64, error) {
	c.p.look()
	defer c.p.s.mu.Unlock()
	since := c.since
	if !c.inherit {
		since.threads = c.p.d.made
	}
	return c.p.d.events().after(since), nil
}

func (eventCounter) Close() error { return nil }

type daemon struct{ process }

func (daemon) Private() (uint64, error) { return 40000, nil }

func (h host) Daemon(context.Context) (suite.Process, error) { return daemon{}, nil }

func (h host) MakeBridge(_ context.Context, name string) (func(), error) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	h.s.devices[name] = &nic{device: name}
	return func() {
		h.s.mu.Lock()
		defer h.s.mu.Unlock()
		delete(h.s.devices, name)
	}, nil
}

func (h host) MakeMacvtap(context.Context, string, string) (func(), error) { return func() {}, nil }

func (h host) HoldPipe(name string) (string, func(), error) { return h.Path(name), func() {}, nil }

func (host) Monitors(string) bool { return true }

func (h host) KVMSchema() (domstats.Schema, error) {
	return domstats.Schema{{Provider: "kvm", Target: "vm", Stats: vmSchema()}, {Provider: "kvm", Target: "vcpu", Stats: vcpuSchema()}}, nil
}

func (p process) KVMStats(n int) (domstats.KVMStats, bool, error) {
	p.look()
	defer p.s.mu.Unlock()
	s := domstats.KVMStats{Stats: vcpuSchema(), Values: map[string][]uint64{}}
	if _, ok := p.d.vcpus[n]; !ok {
		return s, false, fmt.Errorf("no vCPU %d", n)
	}
	for name, v := range p.d.vcpuValues(n) {
		switch v := v.(type) {
		case uint64:
			s.Values[name] = []uint64{v}
		case bool:
			s.Values[name] = []uint64{map[bool]uint64{true: 1}[v]}
		case []uint64:
			s.Values[name] = v
		}
	}
	return s, true, nil
}

func (h host) HaltPolling() (time.Duration, error) { return 200 * time.Microsecond, nil }

func (h host) FileSize(path string) (length, space uint64, err error) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	f, ok := h.s.files[path]
	if !ok {
		return 0, 0, fmt.Errorf("there is no file %s", path)
	}
	return uint64(f.size), f.space(), nil
}

func (p process) Signal(s suite.Signal) error {
	p.look()
	defer p.s.mu.Unlock()
	d := p.d
	switch {
	case !d.active():
		return errGone
	case s == suite.SigKill:
		d.halt(3, p.s.qemu)
	case s == suite.SigStop && d.mute == nil:
		d.mute = make(chan struct{})
	case s == suite.SigCont && d.mute != nil:
		close(d.mute)
		d.mute = nil
	}
	return nil
}
