// SPDX-License-Identifier: GPL-2.0-or-later

package guest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// A Spec describes a domain around the scripted guest. The zero value with a
// name is 64 MiB, one vCPU, emulated, with a balloon and nothing else.
type Spec struct {
	Name       string
	UUID       string // of a domain to define again; empty for a new one
	KVM        bool   // needs KVM; otherwise emulated by TCG
	MemoryKiB  uint   // 0 means 65536
	SlotsKiB   uint   // limit for memory modules that are plugged in later; 0 for none
	CurrentKiB uint   // what the guest keeps at start; 0 means MemoryKiB
	VCPUs      uint   // online at start; 0 means 1
	MaxVCPUs   uint   // 0 means VCPUs
	Online     []uint // numbers of the vCPUs that are online at start, 0 among them; nil for the first VCPUs
	Dies       uint   // in each of two sockets, which share MaxVCPUs; 0 for no topology
	ROM        string // file to start from instead of the firmware
	Serial     string // unix socket of the guest's port; empty for none
	Emulator   string // QEMU to run; empty for libvirt's default
	Monitor    string // unix socket of a QMP server beside libvirt's; empty for none

	Disks     []Disk
	NICs      []NIC
	IOThreads []IOThread
	SCSI      bool // a SCSI controller to plug disks into
	NoBalloon bool
	Balloon   string // model of the balloon; empty for the usual one
	Period    uint   // seconds after which QEMU asks for the guest's statistics again; 0 for never
	S3        bool   // the guest may sleep
	Watchdog  bool   // an ISA device that pauses the guest when its time is over
	Panic     bool   // a panic device; unless OnCrash says more, a crashed domain is kept
	// OnPoweroff, OnReboot and OnCrash are what follows: "destroy", "restart"; empty for
	// libvirt's choice, or for what Panic says.
	OnPoweroff, OnReboot, OnCrash string

	DirtyRing uint // slots of KVM's dirty ring; 0 for none
	// FileMemory has the guest's memory in a file.
	FileMemory bool

	// Perf are performance events that the definition switches on or off.
	Perf map[string]bool

	CacheMonitor     bool // a resctrl monitor of the cache for vCPU 0
	BandwidthMonitor bool // one of the memory bandwidth
}

// An IOThread is an I/O thread with the polling settings of the definition.
type IOThread struct {
	ID   uint
	Poll *Poll // nil leaves QEMU's defaults
}

// Poll are the settings of an I/O thread's polling.
type Poll struct{ Max, Grow, Shrink uint } // Max in ns

// XML returns the domain's definition.
func (s Spec) XML() (string, error) {
	text, err := s.domain().Marshal()
	if err != nil {
		return "", fmt.Errorf("cannot describe domain %q: %w", s.Name, err)
	}
	return text, nil
}

func (s Spec) domain() *libvirtxml.Domain {
	if s.MemoryKiB == 0 {
		s.MemoryKiB = 65536
	}
	s.VCPUs = max(s.VCPUs, 1)
	s.VCPUs = max(s.VCPUs, uint(len(s.Online)))
	s.MaxVCPUs = max(s.MaxVCPUs, s.VCPUs)
	d := &libvirtxml.Domain{
		Type:   "qemu",
		Name:   s.Name,
		UUID:   s.UUID,
		Memory: &libvirtxml.DomainMemory{Value: s.MemoryKiB, Unit: "KiB"},
		VCPU:   &libvirtxml.DomainVCPU{Value: s.MaxVCPUs, Current: s.VCPUs},
		OS: &libvirtxml.DomainOS{
			Type: &libvirtxml.DomainOSType{Arch: "x86_64", Machine: "pc", Type: "hvm"},
		},
		VCPUs:         s.online(),
		Features:      s.features(),
		Devices:       s.devices(),
		MemoryBacking: s.memoryBacking(),
	}
	if s.KVM {
		d.Type = "kvm"
	}
	if s.CurrentKiB != 0 {
		d.CurrentMemory = &libvirtxml.DomainCurrentMemory{Value: s.CurrentKiB, Unit: "KiB"}
	}
	if s.SlotsKiB != 0 {
		const slots = 4
		d.MaximumMemory = &libvirtxml.DomainMaxMemory{Value: s.SlotsKiB, Unit: "KiB", Slots: slots}
		d.CPU = &libvirtxml.DomainCPU{Numa: &libvirtxml.DomainNuma{Cell: []libvirtxml.DomainCell{
			{CPUs: fmt.Sprintf("0-%d", s.MaxVCPUs-1), Memory: s.MemoryKiB, Unit: "KiB"},
		}}}
	}
	if s.Dies != 0 {
		const sockets = 2
		d.CPU = &libvirtxml.DomainCPU{Topology: &libvirtxml.DomainCPUTopology{
			Sockets: sockets, Dies: int(s.Dies), Cores: int(s.MaxVCPUs / s.Dies / sockets), Threads: 1,
		}}
	}
	if s.ROM != "" {
		d.OS.Loader = &libvirtxml.DomainLoader{Path: s.ROM, Readonly: "yes", Type: "rom"}
	}
	if s.S3 {
		d.PM = &libvirtxml.DomainPM{SuspendToMem: &libvirtxml.DomainPMPolicy{Enabled: "yes"}}
	}
	d.OnPoweroff, d.OnReboot, d.OnCrash = s.OnPoweroff, s.OnReboot, s.OnCrash
	if s.Panic && s.OnCrash == "" {
		d.OnCrash = "preserve"
	}
	if s.Monitor != "" {
		d.QEMUCommandline = &libvirtxml.DomainQEMUCommandline{Args: []libvirtxml.DomainQEMUCommandlineArg{
			{Value: "-qmp"}, {Value: "unix:" + s.Monitor + ",server=on,wait=off"},
		}}
	}
	s.addIOThreads(d)
	s.addMonitors(d)
	s.addPerf(d)
	return d
}

func (s Spec) addMonitors(d *libvirtxml.Domain) {
	tune := &libvirtxml.DomainCPUTune{}
	if s.CacheMonitor {
		tune.CacheTune = []libvirtxml.DomainCPUCacheTune{{VCPUs: "0", Monitor: []libvirtxml.DomainCPUCacheTuneMonitor{{Level: 3, VCPUs: "0"}}}}
	}
	if s.BandwidthMonitor {
		tune.MemoryTune = []libvirtxml.DomainCPUMemoryTune{{VCPUs: "0", Monitor: []libvirtxml.DomainCPUMemoryTuneMonitor{{VCPUs: "0"}}}}
	}
	if s.CacheMonitor || s.BandwidthMonitor {
		d.CPUTune = tune
	}
}

func (s Spec) addPerf(d *libvirtxml.Domain) {
	for _, name := range slices.Sorted(maps.Keys(s.Perf)) {
		if d.Perf == nil {
			d.Perf = &libvirtxml.DomainPerf{}
		}
		enabled := map[bool]string{true: "yes", false: "no"}[s.Perf[name]]
		d.Perf.Events = append(d.Perf.Events, libvirtxml.DomainPerfEvent{Name: name, Enabled: enabled})
	}
}

func (s Spec) memoryBacking() *libvirtxml.DomainMemoryBacking {
	switch {
	case slices.ContainsFunc(s.Disks, func(d Disk) bool { return d.VhostUser != "" }): // the server shares the memory
		return &libvirtxml.DomainMemoryBacking{
			MemorySource: &libvirtxml.DomainMemorySource{Type: "memfd"}, MemoryAccess: &libvirtxml.DomainMemoryAccess{Mode: "shared"},
		}
	case s.FileMemory:
		return &libvirtxml.DomainMemoryBacking{MemorySource: &libvirtxml.DomainMemorySource{Type: "file"}}
	}
	return nil
}

// online says of each vCPU whether it is online. All but the first may be plugged out.
func (s Spec) online() *libvirtxml.DomainVCPUs {
	if s.Online == nil {
		return nil
	}
	yes := map[bool]string{true: "yes", false: "no"}
	list := &libvirtxml.DomainVCPUs{}
	for n := range s.MaxVCPUs {
		list.VCPU = append(list.VCPU, libvirtxml.DomainVCPUsVCPU{Id: &n, Enabled: yes[slices.Contains(s.Online, n)], Hotpluggable: yes[n > 0]})
	}
	return list
}

func (s Spec) features() *libvirtxml.DomainFeatureList {
	f := &libvirtxml.DomainFeatureList{ACPI: &libvirtxml.DomainFeature{}, APIC: &libvirtxml.DomainFeatureAPIC{}}
	if s.DirtyRing > 0 {
		f.KVM = &libvirtxml.DomainFeatureKVM{DirtyRing: &libvirtxml.DomainFeatureKVMDirtyRing{
			DomainFeatureState: libvirtxml.DomainFeatureState{State: "on"}, Size: s.DirtyRing,
		}}
	}
	return f
}

func (s Spec) addIOThreads(d *libvirtxml.Domain) {
	if len(s.IOThreads) == 0 {
		return
	}
	d.IOThreads = uint(len(s.IOThreads))
	d.IOThreadIDs = &libvirtxml.DomainIOThreadIDs{}
	for _, t := range s.IOThreads {
		x := libvirtxml.DomainIOThread{ID: t.ID}
		if t.Poll != nil {
			x.Poll = &libvirtxml.DomainIOThreadPoll{Max: &t.Poll.Max, Grow: &t.Poll.Grow, Shrink: &t.Poll.Shrink}
		}
		d.IOThreadIDs.IOThreads = append(d.IOThreadIDs.IOThreads, x)
	}
}

func (s Spec) devices() *libvirtxml.DomainDeviceList {
	l := &libvirtxml.DomainDeviceList{Emulator: s.Emulator, MemBalloon: &libvirtxml.DomainMemBalloon{Model: "virtio"}}
	switch {
	case s.NoBalloon:
		l.MemBalloon.Model = "none"
	case s.Balloon != "":
		l.MemBalloon.Model = s.Balloon
	}
	if s.Period != 0 {
		l.MemBalloon.Stats = &libvirtxml.DomainMemBalloonStats{Period: s.Period}
	}
	for _, d := range s.Disks {
		l.Disks = append(l.Disks, *d.device())
	}
	for _, n := range s.NICs {
		l.Interfaces = append(l.Interfaces, *n.device())
	}
	if s.SCSI {
		l.Controllers = append(l.Controllers, libvirtxml.DomainController{Type: "scsi", Model: "virtio-scsi"})
	}
	if s.Panic {
		l.Panics = []libvirtxml.DomainPanic{{Model: "isa"}}
	}
	if s.Watchdog {
		l.Watchdogs = []libvirtxml.DomainWatchdog{{Model: "ib700", Action: "pause"}}
	}
	if s.Serial != "" {
		l.Serials = []libvirtxml.DomainSerial{{Source: &libvirtxml.DomainChardevSource{
			UNIX: &libvirtxml.DomainChardevSourceUNIX{Mode: "bind", Path: s.Serial},
		}}}
	}
	return l
}

// bus is the bus that goes with a target name when nothing else is said.
func bus(target string) string {
	switch {
	case strings.HasPrefix(target, "hd"):
		return "ide"
	case strings.HasPrefix(target, "fd"):
		return "fdc"
	case strings.HasPrefix(target, "sd"):
		return "scsi"
	default:
		return "virtio"
	}
}
