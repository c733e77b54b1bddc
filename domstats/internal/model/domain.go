// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"time"

	"libvirt.org/go/libvirtxml"

	"gitlab.com/lcitool/lcitool/domstats"
)

// States, as libvirt numbers them.
const (
	running     = 1
	paused      = 3
	shutOff     = 5
	crashed     = 6
	pmSuspended = 7
)

// Reasons of states.
const (
	reverted     = 7 // of a pause and of shut off
	saving       = 3 // of a pause
	dumping      = 4
	ioError      = 5
	watchdog     = 6
	saveCanceled = 7 // of running
	afterCrash   = 9
	ended        = 3 // of shut off, by a crash
	failed       = 6
)

// A domain is one virtual machine.
type domain struct {
	id            domstats.Domain
	definition    libvirtxml.Domain
	persistent    bool
	next          *domain // the definition of the next run, where it is another
	state, reason int32
	kvm, rom      bool

	vcpus             map[int]*vcpu
	memory, ballooned uint64 // KiB
	target            uint64
	current           uint64 // of the definition
	disks             []*disk
	nics              []*nic
	iothreads         map[uint32]*iothread
	defined           *devices          // what the next run begins with, while it runs
	perf              map[string]events // events that are enabled, with the counts when they were
	dirty             dirtyRate
	told              time.Time // when the guest told its statistics; zero for never
	toldAgain         bool      // more than once
	period            int32     // after which the guest is asked to, in seconds

	clock   time.Time     // up to when counters are right
	ran     time.Duration // since the last reset
	booted  bool
	busy    bool
	calls   uint64 // requests to the monitor
	made    uint64 // threads that the main thread made later
	saved   bool
	saving  chan struct{} // not nil while memory is saved
	card    int           // network card that the guest drives
	pending string        // a device or vCPU that the guest is to let go

	snapshots map[string]int32 // the states that are kept

	job  chan struct{} // holds a value while someone has the domain's job
	mute chan struct{} // nil unless QEMU is stopped; closed when it goes on
	gone chan struct{} // closed when QEMU ends
}

// devices are what may be plugged into a running domain.
type devices struct {
	disks     []*disk
	nics      []*nic
	iothreads map[uint32]*iothread
}

// events are what performance events count.
type events struct{ calls, threads uint64 }

func (d *domain) events() events { return events{d.calls, d.made} }

// after is the count from one time to another.
func (e events) after(since events) uint64 {
	return (e.calls-since.calls)*1000 + (e.threads-since.threads)*threadEvents
}

// threadEvents is what a new thread adds to each event.
const threadEvents = 1000

type vcpu struct {
	time, delay, wait, poll time.Duration
	exits                   uint64
	spins                   bool
	parts                   time.Duration // CPU time not yet in whole ticks
}

type iothread struct {
	max, grow, shrink uint64
}

const tick = 10 * time.Millisecond

// parse makes a domain of its definition; it does not run.
func (s *Stack) parse(xml string) (*domain, error) {
	d := &domain{state: shutOff, job: make(chan struct{}, 1), iothreads: map[uint32]*iothread{}, perf: map[string]events{}}
	if err := d.definition.Unmarshal(xml); err != nil {
		return nil, &domstats.Error{Code: domstats.CodeInternal, Message: err.Error()}
	}
	x := &d.definition
	s.made++
	d.id = domstats.Domain{Name: x.Name, ID: -1, UUID: domstats.UUID{0xab}}
	binary.BigEndian.PutUint32(d.id.UUID[12:], s.made)
	d.memory = uint64(x.Memory.Value)
	if x.Memory.Unit == "" {
		x.Memory.Unit = "KiB"
	}
	d.ballooned, d.target = d.memory, d.memory
	if x.CurrentMemory != nil {
		d.target = min(uint64(x.CurrentMemory.Value), d.memory)
	}
	d.current = d.target
	d.kvm, d.rom = x.Type == "kvm", x.OS != nil && x.OS.Loader != nil
	if x.IOThreadIDs != nil {
		for _, t := range x.IOThreadIDs.IOThreads {
			io := &iothread{max: 32768}
			if p := t.Poll; p != nil {
				io.max, io.grow, io.shrink = uint64(*p.Max), uint64(*p.Grow), uint64(*p.Shrink)
			}
			d.iothreads[uint32(t.ID)] = io
		}
	}
	if x.Devices == nil {
		x.Devices = &libvirtxml.DomainDeviceList{}
	}
	for i := range x.Devices.Disks {
		d.addDisk(s, &x.Devices.Disks[i])
	}
	for i := range x.Devices.Interfaces {
		d.addNIC(s, &x.Devices.Interfaces[i])
	}
	return d, nil
}

// cpuCounts are the numbers of vCPUs of the definition.
func (d *domain) cpuCounts() (online, most int) {
	if d.definition.VCPU == nil {
		return 1, 1
	}
	most = int(d.definition.VCPU.Value)
	if online = int(d.definition.VCPU.Current); online == 0 {
		online = most
	}
	return online, most
}

// online are the numbers of the vCPUs that a run begins with.
func (d *domain) online() []int {
	var out []int
	if list := d.definition.VCPUs; list != nil {
		for _, v := range list.VCPU {
			if v.Enabled == "yes" {
				out = append(out, int(*v.Id))
			}
		}
		return out
	}
	n, _ := d.cpuCounts()
	for i := range n {
		out = append(out, i)
	}
	return out
}

func (d *domain) active() bool { return d.id.ID >= 0 }

// boot starts QEMU: all its counters begin.
func (d *domain) boot(s *Stack, stopped bool) {
	s.lastID++
	d.id.ID = s.lastID
	if d.persistent {
		d.defined = &devices{slices.Clone(d.disks), slices.Clone(d.nics), maps.Clone(d.iothreads)}
	}
	d.state, d.reason = running, 1
	if stopped {
		d.state, d.reason = paused, 1
	}
	d.gone, d.mute = make(chan struct{}), nil
	d.vcpus = map[int]*vcpu{}
	for _, n := range d.online() {
		d.plug(n)
	}
	d.clock, d.ran, d.booted, d.busy, d.saved, d.pending, d.card = time.Now(), 0, false, d.rom, false, "", 0
	clear(d.perf)
	if p := d.definition.Perf; p != nil {
		for _, e := range p.Events {
			if e.Enabled == "yes" {
				d.perf[e.Name] = events{}
			}
		}
	}
	d.ballooned, d.told, d.toldAgain, d.dirty, d.calls = d.memory, time.Time{}, false, dirtyRate{}, 0
	d.made, d.period = 0, 0
	if b := d.definition.Devices.MemBalloon; b != nil && b.Stats != nil {
		d.period = int32(b.Stats.Period)
	}
	for _, k := range d.disks {
		k.counts, k.highest, k.threshold = counts{}, 0, 0
	}
}

// redefine takes another definition, which holds from the next run on.
func (d *domain) redefine(next *domain) {
	if d.active() {
		d.next = next
	} else {
		d.become(next)
	}
}

// become takes what is defined from another domain.
func (d *domain) become(x *domain) {
	d.definition, d.kvm, d.rom = x.definition, x.kvm, x.rom
	d.memory, d.ballooned, d.target, d.current = x.memory, x.ballooned, x.target, x.current
	d.disks, d.nics, d.iothreads = x.disks, x.nics, x.iothreads
}

// plug adds a vCPU. It has waited long already, so that 32 bits do not hold it, and
// for another time than others.
func (d *domain) plug(n int) {
	long := 5*time.Second + time.Duration(n)*time.Second
	d.vcpus[n] = &vcpu{wait: long, delay: long, poll: time.Duration(n+1) * 1000, exits: uint64(10 * n)}
}

// halt ends QEMU.
func (d *domain) halt(reason int32, drv map[domstats.UUID]*domain) {
	if !d.active() {
		return
	}
	d.id.ID, d.state, d.reason, d.target = -1, shutOff, reason, d.current
	close(d.gone)
	if d.defined != nil {
		d.disks, d.nics, d.iothreads = d.defined.disks, d.defined.nics, d.defined.iothreads
		d.defined = nil
	}
	if d.next != nil {
		d.become(d.next)
		d.next = nil
	}
	if d.mute != nil {
		close(d.mute)
		d.mute = nil
	}
	if !d.persistent {
		delete(drv, d.id.UUID)
	}
}

// advance lets the time since the last look pass for the guest.
func (d *domain) advance(now time.Time) {
	dt := now.Sub(d.clock)
	d.clock = now
	if !d.active() || d.state != running || d.mute != nil || dt <= 0 {
		return
	}
	d.ran += dt
	for n, v := range d.vcpus {
		switch {
		case n == 0 && d.busy || v.spins:
			v.spend(dt)
			v.exits += uint64(dt / (5 * time.Millisecond))
		case n == 0:
			v.spend(dt / 20)
			v.exits += uint64(dt / (15 * time.Millisecond))
			v.wait += dt / 2
			v.poll += dt / 100
		}
	}
	const bootTime = 100 * time.Millisecond
	if !d.booted && !d.rom && d.ran >= bootTime {
		d.booted = true
		if k := d.bootDisk(); k != nil {
			k.read(512)
			k.read(3584)
		}
	}
}

func (v *vcpu) spend(dt time.Duration) {
	v.parts += dt
	v.time += v.parts / tick * tick
	v.parts %= tick
	v.delay += dt / 1000
}

func (d *domain) bootDisk() *disk {
	for _, k := range d.disks {
		if k.x.Boot != nil && k.x.Boot.Order == 1 {
			return k
		}
	}
	return nil
}

// spent is the CPU time of the process.
func (d *domain) spent() (user, system time.Duration) {
	for _, v := range d.vcpus {
		user += v.time
	}
	return user + 60*time.Millisecond, 50*time.Millisecond + time.Duration(d.calls/1000)*tick
}

// resident is the process's memory in KiB.
func (d *domain) resident() uint64 { return 36000 + d.memory/4 }

func (d *domain) hasBalloon() bool {
	b := d.definition.Devices.MemBalloon
	return b == nil || !strings.EqualFold(b.Model, "none")
}

// place is the socket, die and core of a vCPU.
func (d *domain) place(n int) object {
	dies, cores := 1, 1
	if d.definition.CPU != nil && d.definition.CPU.Topology != nil {
		dies, cores = max(d.definition.CPU.Topology.Dies, 1), d.definition.CPU.Topology.Cores
	}
	return object{"socket-id": n / cores / dies, "die-id": n / cores % dies, "core-id": n % cores}
}
