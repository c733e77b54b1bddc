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
	"strconv"
	"strings"
)

// An Owner is the process that made something. Its number alone proves
// nothing: numbers are used again, differ between namespaces and start again
// with each boot.
type Owner struct {
	Run     string `json:"run"` // random, one per connection
	PID     string `json:"pid"`
	Start   string `json:"start"`   // clock ticks after boot
	Boot    string `json:"boot"`    // kernel's boot id
	PIDNS   string `json:"pidns"`   // namespace in which PID counts
	Machine string `json:"machine"` // machine-id, or the host's name
}

// Complete reports whether all fields are set.
func (o Owner) Complete() bool {
	return o.Run != "" && o.PID != "" && o.Start != "" && o.Boot != "" && o.PIDNS != "" && o.Machine != ""
}

// Processes is the process table that owners are read from, a directory like /proc.
type Processes struct {
	fs.FS
	Readlink func(name string) (string, error)
	Machine  string
}

// HostProcesses is the process table of this machine.
func HostProcesses() Processes {
	machine, err := os.ReadFile("/etc/machine-id")
	if err != nil || len(bytes.TrimSpace(machine)) == 0 {
		name, _ := os.Hostname()
		machine = []byte(name)
	}
	return Processes{os.DirFS("/proc"), func(name string) (string, error) { return os.Readlink("/proc/" + name) }, string(bytes.TrimSpace(machine))}
}

// Self describes this process, under a new Run.
func Self() (Owner, error) {
	random := make([]byte, 6)
	if _, err := rand.Read(random); err != nil {
		return Owner{}, err
	}
	o, err := HostProcesses().Owner(os.Getpid())
	o.Run = hex.EncodeToString(random)
	return o, err
}

// Owner describes process pid; an error that is fs.ErrNotExist means there is none.
func (p Processes) Owner(pid int) (Owner, error) {
	start, err := p.start(strconv.Itoa(pid))
	if err != nil {
		return Owner{}, err
	}
	boot, err := fs.ReadFile(p, "sys/kernel/random/boot_id")
	if err != nil {
		return Owner{}, fmt.Errorf("cannot read boot id: %w", err)
	}
	pidns, err := p.Readlink("self/ns/pid")
	if err != nil {
		return Owner{}, fmt.Errorf("cannot read pid namespace: %w", err)
	}
	return Owner{
		PID: strconv.Itoa(pid), Start: start, Boot: strings.TrimSpace(string(boot)), PIDNS: pidns, Machine: p.Machine,
	}, nil
}

// start returns the start time of a process, field 22 of its stat file. The
// second field is its name, which may hold blanks and parentheses.
func (p Processes) start(pid string) (string, error) {
	data, err := fs.ReadFile(p, pid+"/stat")
	if err != nil {
		return "", err
	}
	rest := data[bytes.LastIndexByte(data, ')')+1:]
	fields := strings.Fields(string(rest))
	if len(fields) < 20 {
		return "", fmt.Errorf("/proc/%s/stat: only %d fields after the name", pid, len(fields))
	}
	return fields[19], nil
}

// Dead reports whether o is known to be gone. What cannot be known, such as a
// process of another machine or of another namespace, counts as alive.
func (p Processes) Dead(o Owner) bool {
	self, err := p.Readlink("self/ns/pid")
	if err != nil || o.Machine != p.Machine {
		return false
	}
	boot, err := fs.ReadFile(p, "sys/kernel/random/boot_id")
	if err != nil {
		return false
	}
	if strings.TrimSpace(string(boot)) != o.Boot {
		return true
	}
	if self != o.PIDNS {
		return false
	}
	if n, err := strconv.Atoi(o.PID); err != nil || n <= 0 {
		return false
	}
	start, err := p.start(o.PID)
	return errors.Is(err, fs.ErrNotExist) || err == nil && start != o.Start
}
