// SPDX-License-Identifier: GPL-2.0-or-later

// Package suite holds the test cases for domain statistics, by their ids.
//
// [Run] drives them against a [Stack], which is a libvirt daemon with its QEMU
// and its host, or something that pretends to be one. Each case states what
// it needs and ends with one verdict: [Pass], [Fail], [Skip] with a reason,
// [Known] for a documented deviation, [Fixed] where such a deviation is gone.
package suite

import (
	"context"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Access is the kind of connection that a case needs.
type Access int

// The connections.
const (
	ReadWrite  Access = iota
	ReadOnly          // the daemon's read-only socket
	TestDriver        // test:///default
)

// A Stack is what is tested. It is safe from several goroutines.
type Stack interface {
	// Open makes a new connection.
	Open(ctx context.Context, a Access) (Conn, error)
	// Host is the machine under the daemon.
	Host() Host
}

// A Conn is one connection to a daemon, as package rpc makes them. Its errors
// are [*domstats.Error] where libvirt answered with one.
type Conn interface {
	Close()
	Stats(ctx context.Context, domains []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error)
	Monitor(ctx context.Context, d domstats.Domain, command string, human bool) (string, error)
	Domains(ctx context.Context, filter uint32) ([]domstats.Domain, error)
	Lookup(ctx context.Context, name string) (domstats.Domain, error)
	Version(ctx context.Context) (domstats.Version, error)
	HypervisorVersion(ctx context.Context) (domstats.Version, error)
	Capabilities(ctx context.Context) (string, error)
	XML(ctx context.Context, d domstats.Domain) (string, error)
	lifecycle
	devices
}

// lifecycle are the calls that change a domain's state.
type lifecycle interface {
	Define(ctx context.Context, xml string) (domstats.Domain, error)
	Create(ctx context.Context, xml string, paused bool) (domstats.Domain, error)
	Start(ctx context.Context, d domstats.Domain, paused bool) (domstats.Domain, error)
	Destroy(ctx context.Context, d domstats.Domain) error
	Undefine(ctx context.Context, d domstats.Domain) error
	Suspend(ctx context.Context, d domstats.Domain) error
	Resume(ctx context.Context, d domstats.Domain) error
	Reset(ctx context.Context, d domstats.Domain) error
	Wakeup(ctx context.Context, d domstats.Domain) error
	ManagedSave(ctx context.Context, d domstats.Domain) error
	Save(ctx context.Context, d domstats.Domain, path string) error
	// Dump writes the memory to a file. If it ends the domain, that counts as a crash.
	Dump(ctx context.Context, d domstats.Domain, path string, ends bool) error
}

// devices are the calls that change what a domain has.
type devices interface {
	SetVCPU(ctx context.Context, d domstats.Domain, set string, on bool) error
	SetMemory(ctx context.Context, d domstats.Domain, kib uint64) error
	SetMemoryStatsPeriod(ctx context.Context, d domstats.Domain, seconds int32) error
	Attach(ctx context.Context, d domstats.Domain, xml string) error
	Detach(ctx context.Context, d domstats.Domain, xml string) error
	// AttachConfig and DetachConfig change the definition only.
	AttachConfig(ctx context.Context, d domstats.Domain, xml string) error
	DetachConfig(ctx context.Context, d domstats.Domain, xml string) error
	Update(ctx context.Context, d domstats.Domain, xml string) error
	BlockResize(ctx context.Context, d domstats.Domain, disk string, size uint64) error
	BlockCopy(ctx context.Context, d domstats.Domain, disk, xml string) error
	BlockCommit(ctx context.Context, d domstats.Domain, disk, top string) error
	BlockPull(ctx context.Context, d domstats.Domain, disk string) error
	BlockJobAbort(ctx context.Context, d domstats.Domain, disk string) error
	BlockJobPivot(ctx context.Context, d domstats.Domain, disk string) error
	Backup(ctx context.Context, d domstats.Domain, xml string) error
	AbortJob(ctx context.Context, d domstats.Domain) error
	SetThreshold(ctx context.Context, d domstats.Domain, device string, bytes uint64) error
	Snapshot(ctx context.Context, d domstats.Domain, xml string) error
	// InternalSnapshot keeps the state of a domain under a name, in the image of a disk.
	InternalSnapshot(ctx context.Context, d domstats.Domain, name string) error
	// Revert goes back to it.
	Revert(ctx context.Context, d domstats.Domain, name string) error
	SetPerf(ctx context.Context, d domstats.Domain, on bool, events ...string) error
	AddIOThread(ctx context.Context, d domstats.Domain, id uint32) error
	DelIOThread(ctx context.Context, d domstats.Domain, id uint32) error
	SetIOThread(ctx context.Context, d domstats.Domain, id uint32, params ...domstats.Param) error
	StartDirtyRate(ctx context.Context, d domstats.Domain, seconds int32, mode uint32) error
}

// A Host is the machine that the daemon runs on, as far as the suite may touch it.
type Host interface {
	// Missing returns why the host does not meet a need, "" if it does.
	Missing(n Need) string
	// WriteFile puts data, made longer with zeros up to size, where QEMU can
	// read and write it, and returns the path.
	WriteFile(name string, data []byte, size int64) (string, error)
	// Path is where a file or socket called name would be.
	Path(name string) string
	// Connect opens a guest's serial port.
	Connect(ctx context.Context, path string) (Port, error)
	// Process finds the QEMU of a running domain.
	Process(ctx context.Context, domain string) (Process, error)
	// NetDev reads the counters of a network device.
	NetDev(name string) (NetCounts, error)
	// MakeBridge makes a network bridge until remove is called.
	MakeBridge(ctx context.Context, name string) (remove func(), err error)
	// MakeMacvtap makes a macvtap device on a bridge until remove is called.
	MakeMacvtap(ctx context.Context, name, bridge string) (remove func(), err error)
	// RenameLink renames a network device, which is down meanwhile.
	RenameLink(ctx context.Context, name, now string) error
	// MakePair makes two network devices, name and its peer, until remove is called.
	// Each receives what the other one sends.
	MakePair(ctx context.Context, name, peer string) (remove func(), err error)
	// MakeFailing makes a network device that counts as errors what send makes it receive,
	// until remove is called.
	MakeFailing(ctx context.Context, name string) (send func(frames int) error, remove func(), err error)
	// MakeTap makes a tap that QEMU can open, until remove is called.
	MakeTap(ctx context.Context, name string) (remove func(), err error)
	// MakeClosedMacvtap makes a macvtap device that nobody opens, until remove is called.
	// What send makes it receive are small frames, and large ones that it counts as errors.
	MakeClosedMacvtap(ctx context.Context, name string) (send func(small, large int) error, remove func(), err error)
	// SendFrames makes the host send broadcast frames out of a network device.
	SendFrames(device string, frames int) error
	// SendLarge does the same with frames of LargeFrame bytes, over a pair.
	SendLarge(device string, frames int) error
	// FileSize is the length of a file and the space that it takes, in bytes.
	FileSize(path string) (length, space uint64, err error)
	// HoldPipe makes a named pipe from which nothing is read until release is called.
	HoldPipe(name string) (path string, release func(), err error)
	// Virsh runs libvirt's own client and returns its output.
	Virsh(ctx context.Context, args ...string) (string, error)
	// Daemon is the process that answers.
	Daemon(ctx context.Context) (Process, error)
	// Monitors reports whether the kernel's resctrl has a monitor of a feature.
	Monitors(feature string) bool
	// KVMSchema is what the kernel offers of the targets "vm" and "vcpu".
	KVMSchema() (domstats.Schema, error)
	// HaltPolling is for how long the kernel polls for a halted vCPU at most.
	HaltPolling() (time.Duration, error)
	// ServeNBD serves a raw file on a unix socket until stop is called. The server
	// may be stopped for a while.
	ServeNBD(ctx context.Context, file string) (socket string, server Signaler, stop func(), err error)
	// RestartDaemon stops the daemon, calls meanwhile if it is not nil, and starts the daemon
	// again.
	RestartDaemon(ctx context.Context, meanwhile func()) error
	// ErrorsSince returns the last of the errors that the daemon has logged after the
	// first n, and how many it has logged so far.
	ErrorsSince(n int) (lines []string, now int)
	// Uptime is how long the host runs.
	Uptime() (time.Duration, error)
}

// LargeFrame is the length of the frames of [Host.SendLarge].
const LargeFrame = 65000

// A Port is a guest's serial port; package guest explains the commands.
type Port interface {
	Close() error
	Ready(ctx context.Context) error
	Do(ctx context.Context, command string) error
	// DoUntilAnswered is Do for a command that may be done twice.
	DoUntilAnswered(ctx context.Context, command string) error
}

// A Signal is what may be sent to a QEMU.
type Signal int

// The signals.
const (
	SigStop Signal = iota
	SigCont
	SigKill
)

// A Signaler is a process that can be sent signals.
type Signaler interface {
	Signal(s Signal) error
}

// A Process is the QEMU of one domain.
type Process interface {
	Signaler
	// Times are the CPU times of the whole process.
	Times() (user, system time.Duration, err error)
	// ThreadTime is the CPU time of one thread, user and system together.
	ThreadTime(thread int) (time.Duration, error)
	// ThreadSystem is the part of it that is system time.
	ThreadSystem(thread int) (time.Duration, error)
	// Delay is how long a thread waited for a CPU.
	Delay(thread int) (time.Duration, error)
	// Wait is how long a thread was ready to run and did not; ok is false where
	// the kernel keeps no such statistics.
	Wait(thread int) (wait time.Duration, ok bool, err error)
	// Resident is the resident memory in KiB.
	Resident() (uint64, error)
	// Private is the resident memory in KiB that is no file's.
	Private() (uint64, error)
	// CGroup is the control group that it is in.
	CGroup() (string, error)
	// Pin binds a thread, or the main thread for 0, to one of the CPUs that it may use, by
	// its place among them; several reports whether there are more than one.
	Pin(thread, place int) (several bool, err error)
	// Descriptors is the number of open files.
	Descriptors() (int, error)
	// CountEvent counts a software event of the process's main thread from now on,
	// under libvirt's name for it; with inherit, also of the threads that it makes.
	CountEvent(event string, inherit bool) (EventCounter, error)
	// KVMStats are the statistics of a vCPU as the kernel gives them; ok is false
	// where QEMU has no descriptor of them open that could be read.
	KVMStats(vcpu int) (s domstats.KVMStats, ok bool, err error)
}

// An EventCounter counts a performance event.
type EventCounter interface {
	Read() (uint64, error)
	Close() error
}

// NetCounts are the host's counters of a network device, seen from the host.
type NetCounts struct {
	RxBytes, RxPackets, RxErrors, RxDropped uint64
	TxBytes, TxPackets, TxErrors, TxDropped uint64
}
