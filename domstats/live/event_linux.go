// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// softwareEvents are the kernel's numbers of libvirt's events.
func softwareEvents() map[string]uint64 {
	return map[string]uint64{
		"cpu_clock": unix.PERF_COUNT_SW_CPU_CLOCK, "task_clock": unix.PERF_COUNT_SW_TASK_CLOCK,
		"page_faults": unix.PERF_COUNT_SW_PAGE_FAULTS, "context_switches": unix.PERF_COUNT_SW_CONTEXT_SWITCHES,
		"cpu_migrations": unix.PERF_COUNT_SW_CPU_MIGRATIONS, "page_faults_min": unix.PERF_COUNT_SW_PAGE_FAULTS_MIN,
		"page_faults_maj": unix.PERF_COUNT_SW_PAGE_FAULTS_MAJ, "alignment_faults": unix.PERF_COUNT_SW_ALIGNMENT_FAULTS,
		"emulation_faults": unix.PERF_COUNT_SW_EMULATION_FAULTS,
	}
}

// An eventCounter is a descriptor of perf_event_open.
type eventCounter int

// CountEvent counts an event of the main thread; with inherit, as libvirt does.
func (p process) CountEvent(event string, inherit bool) (suite.EventCounter, error) {
	config, ok := softwareEvents()[event]
	if !ok {
		return nil, fmt.Errorf("event %q is no software event", event)
	}
	return openEvent(p.pid, config, inherit)
}

func openEvent(pid int, config uint64, inherit bool) (eventCounter, error) {
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: config, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{}))}
	if inherit {
		attr.Bits = unix.PerfBitInherit
	}
	fd, err := unix.PerfEventOpen(&attr, pid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("cannot count a performance event: %w", err)
	}
	return eventCounter(fd), nil
}

// Read returns the count since the counter was opened.
func (c eventCounter) Read() (uint64, error) {
	var b [8]byte
	n, err := unix.Read(int(c), b[:])
	if err != nil || n != len(b) {
		return 0, fmt.Errorf("cannot read a performance event: %d bytes, %w", n, err)
	}
	return binary.NativeEndian.Uint64(b[:]), nil
}

// Close ends the counting.
func (c eventCounter) Close() error { return unix.Close(int(c)) }

// missingPerf says why performance events cannot be counted here.
func missingPerf() string {
	c, err := openEvent(0, unix.PERF_COUNT_SW_CPU_CLOCK, false)
	if err != nil {
		return err.Error()
	}
	if err := c.Close(); err != nil {
		return err.Error()
	}
	return ""
}
