// SPDX-License-Identifier: GPL-2.0-or-later

package records

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// An Owner identifies a process. A PID alone is not enough: PIDs are reused,
// differ between PID namespaces and start again at each boot.
type Owner struct {
	Run     string `json:"run"` // random, one per connection
	PID     string `json:"pid"`
	Start   string `json:"start"`   // clock ticks after boot, or what else the system tells processes apart by
	Boot    string `json:"boot"`    // kernel's boot id
	PIDNS   string `json:"pidns"`   // PID namespace
	Machine string `json:"machine"` // machine-id, or the host name
}

func (o Owner) Complete() bool {
	return o.Run != "" && o.PID != "" && o.Start != "" && o.Boot != "" && o.PIDNS != "" && o.Machine != ""
}

// Processes is a process table.
type Processes struct {
	fs.FS    // a directory like Linux's /proc; nil on other systems
	Readlink func(name string) (string, error)
	Machine  string

	system *system // used if FS is nil
}

// A system reads the process table by system calls.
type system struct {
	boot  func() (string, error)        // differs after each boot
	start func(pid int) (string, error) // differs if a number is used again, where the system says so; fs.ErrNotExist if there is none
}

// Self returns the owner for this process, with a new Run.
func Self() (Owner, error) {
	random := make([]byte, 6)
	if _, err := rand.Read(random); err != nil {
		return Owner{}, err
	}
	o, err := HostProcesses().Owner(os.Getpid())
	o.Run = hex.EncodeToString(random)
	return o, err
}

// Owner returns the owner for process pid. The error is fs.ErrNotExist if there
// is no such process.
func (p Processes) Owner(pid int) (Owner, error) {
	start, err := p.start(pid)
	if err != nil {
		return Owner{}, err
	}
	boot, err := p.boot()
	if err != nil {
		return Owner{}, fmt.Errorf("cannot read boot id: %w", err)
	}
	pidns, err := p.namespace()
	if err != nil {
		return Owner{}, fmt.Errorf("cannot read pid namespace: %w", err)
	}
	return Owner{PID: strconv.Itoa(pid), Start: start, Boot: boot, PIDNS: pidns, Machine: p.Machine}, nil
}

func (p Processes) boot() (string, error) {
	if p.FS == nil {
		return p.system.boot()
	}
	boot, err := fs.ReadFile(p, "sys/kernel/random/boot_id")
	return strings.TrimSpace(string(boot)), err
}

// namespace returns the PID namespace.
func (p Processes) namespace() (string, error) {
	if p.FS == nil {
		return runtime.GOOS, nil
	}
	return p.Readlink("self/ns/pid")
}

// start returns the start time of a process, field 22 of its stat file. The
// second field is its name, which may contain spaces and parentheses. Zombies
// count as ended.
func (p Processes) start(pid int) (string, error) {
	if p.FS == nil {
		return p.system.start(pid)
	}
	data, err := fs.ReadFile(p, strconv.Itoa(pid)+"/stat")
	if err != nil {
		return "", err
	}
	rest := data[bytes.LastIndexByte(data, ')')+1:]
	fields := strings.Fields(string(rest))
	if len(fields) < 20 {
		return "", fmt.Errorf("/proc/%d/stat: only %d fields after the name", pid, len(fields))
	}
	if state := fields[0]; state == "Z" || state == "X" {
		return "", fmt.Errorf("process %d has ended: %w", pid, fs.ErrNotExist)
	}
	return fields[19], nil
}

// Dead reports whether o is known to have ended. If that cannot be known, for
// example on another machine or in another PID namespace, it returns false.
func (p Processes) Dead(o Owner) bool {
	self, err := p.namespace()
	if err != nil || o.Machine != p.Machine {
		return false
	}
	boot, err := p.boot()
	if err != nil {
		return false
	}
	if boot != o.Boot {
		return true
	}
	if self != o.PIDNS {
		return false
	}
	pid, err := strconv.Atoi(o.PID)
	if err != nil || pid <= 0 {
		return false
	}
	start, err := p.start(pid)
	return errors.Is(err, fs.ErrNotExist) || err == nil && start != o.Start
}
