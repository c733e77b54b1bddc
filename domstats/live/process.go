// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// tick is the unit of the times in /proc/<pid>/stat.
const tick = 10 * time.Millisecond

type process struct{ pid int }

// Process finds the QEMU of a domain by the name on its command line.
func (h *Host) Process(_ context.Context, domain string) (suite.Process, error) {
	pid, err := findQEMU(domain)
	if err != nil {
		return nil, err
	}
	return process{pid}, nil
}

func findQEMU(domain string) (int, error) {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, err
	}
	for _, path := range lines {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		args := bytes.Split(text, []byte{0})
		i := slices.IndexFunc(args, func(a []byte) bool { return string(a) == "-name" })
		if i < 0 || i+1 == len(args) || !strings.HasPrefix(string(args[i+1])+",", "guest="+domain+",") {
			continue
		}
		return strconv.Atoi(filepath.Base(filepath.Dir(path)))
	}
	return 0, fmt.Errorf("no QEMU of %s is visible here", domain)
}

// stat returns the fields of a stat file that follow the name in brackets,
// which may contain anything.
func stat(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	i := bytes.LastIndexByte(text, ')')
	if i < 0 {
		return nil, fmt.Errorf("%s has no name in brackets", path)
	}
	fields := strings.Fields(string(text[i+1:]))
	const enough = 20
	if len(fields) < enough {
		return nil, fmt.Errorf("%s has %d fields only", path, len(fields))
	}
	return fields, nil
}

// times reads user and system time: fields 14 and 15, counted from the pid.
func times(path string) (user, system time.Duration, err error) {
	fields, err := stat(path)
	if err != nil {
		return 0, 0, err
	}
	u, err := strconv.ParseUint(fields[14-3], 10, 63)
	if err != nil {
		return 0, 0, err
	}
	s, err := strconv.ParseUint(fields[15-3], 10, 63)
	return time.Duration(u) * tick, time.Duration(s) * tick, err
}

func (p process) Times() (user, system time.Duration, err error) {
	return times(fmt.Sprintf("/proc/%d/stat", p.pid))
}

func (p process) ThreadTime(thread int) (time.Duration, error) {
	user, system, err := times(fmt.Sprintf("/proc/%d/task/%d/stat", p.pid, thread))
	return user + system, err
}

func (p process) ThreadSystem(thread int) (time.Duration, error) {
	_, system, err := times(fmt.Sprintf("/proc/%d/task/%d/stat", p.pid, thread))
	return system, err
}

func (p process) Delay(thread int) (time.Duration, error) {
	path := fmt.Sprintf("/proc/%d/task/%d/schedstat", p.pid, thread)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("%s has %d fields only", path, len(fields))
	}
	ns, err := strconv.ParseUint(fields[1], 10, 63)
	return time.Duration(ns), err
}

func (p process) Resident() (uint64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/%d/statm has %d fields only", p.pid, len(fields))
	}
	pages, err := strconv.ParseUint(fields[1], 10, 63)
	return pages * uint64(os.Getpagesize()) / 1024, err
}

func (p process) Private() (uint64, error) {
	path := fmt.Sprintf("/proc/%d/status", p.pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			return strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no RssAnon", path)
}

func (p process) Signal(s suite.Signal) error {
	signals := map[suite.Signal]syscall.Signal{suite.SigStop: syscall.SIGSTOP, suite.SigCont: syscall.SIGCONT, suite.SigKill: syscall.SIGKILL}
	return syscall.Kill(p.pid, signals[s])
}

// Wait reads the kernel's statistics of its scheduler, which few kernels keep.
func (p process) Wait(thread int) (wait time.Duration, ok bool, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/sched", p.pid, thread))
	if err != nil {
		if os.IsNotExist(err) {
			err = nil // a kernel without them
		}
		return 0, false, err
	}
	return schedWait(string(text))
}

// schedWait finds the time in a table whose names changed over the years.
func schedWait(table string) (wait time.Duration, ok bool, err error) {
	for line := range strings.Lines(table) {
		name, value, found := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !found || name != "wait_sum" && name != "se.statistics.wait_sum" && name != "se.wait_sum" {
			continue
		}
		ms, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return time.Duration(ms * float64(time.Millisecond)), err == nil, err
	}
	return 0, false, nil
}

// Descriptors counts the open files.
func (p process) Descriptors() (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid))
	return len(entries), err
}

// CGroup reads the group from the unified hierarchy, or that of the CPU times.
func (p process) CGroup() (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.pid))
	if err != nil {
		return "", err
	}
	var unified string
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 && strings.Contains(","+fields[1]+",", ",cpuacct,") {
			return fields[2], nil
		}
		if len(fields) == 3 && fields[1] == "" {
			unified = fields[2]
		}
	}
	return unified, nil
}
