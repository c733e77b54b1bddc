// SPDX-License-Identifier: GPL-2.0-or-later

package container

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

// Labels that say whose a container, volume or image is.
const (
	labelRun     = "lcitool.run"
	labelPID     = "lcitool.pid"
	labelStart   = "lcitool.start"
	labelBoot    = "lcitool.boot"
	labelPIDs    = "lcitool.pidns"
	labelMachine = "lcitool.machine"
)

// An owner is the process that made something. Its number alone proves
// nothing: numbers are used again, differ between namespaces and begin anew
// with each boot.
type owner struct {
	run     string // random, one per Connect
	pid     string
	start   string // clock ticks after boot
	boot    string // kernel's boot id
	pidns   string // namespace in which pid counts
	machine string // machine-id, or the host's name
}

// procfs is what owners are read from, a folder like /proc.
type procfs struct {
	fs.FS
	readlink func(name string) (string, error)
	machine  string
}

func hostProc() procfs {
	machine, err := os.ReadFile("/etc/machine-id")
	if err != nil || len(bytes.TrimSpace(machine)) == 0 {
		name, _ := os.Hostname()
		machine = []byte(name)
	}
	return procfs{os.DirFS("/proc"), func(name string) (string, error) { return os.Readlink("/proc/" + name) }, string(bytes.TrimSpace(machine))}
}

func newOwner() (owner, error) {
	random := make([]byte, 6)
	if _, err := rand.Read(random); err != nil {
		return owner{}, err
	}
	o, err := hostProc().owner(os.Getpid())
	o.run = hex.EncodeToString(random)
	return o, err
}

// owner describes process pid; an error that is fs.ErrNotExist means there is none.
func (p procfs) owner(pid int) (owner, error) {
	start, err := p.start(strconv.Itoa(pid))
	if err != nil {
		return owner{}, err
	}
	boot, err := fs.ReadFile(p, "sys/kernel/random/boot_id")
	if err != nil {
		return owner{}, fmt.Errorf("cannot read boot id: %w", err)
	}
	pidns, err := p.readlink("self/ns/pid")
	if err != nil {
		return owner{}, fmt.Errorf("cannot read pid namespace: %w", err)
	}
	return owner{
		pid: strconv.Itoa(pid), start: start, boot: strings.TrimSpace(string(boot)), pidns: pidns, machine: p.machine,
	}, nil
}

// start returns the start time of a process, field 22 of its stat file. The
// second field is its name, which may hold blanks and parentheses.
func (p procfs) start(pid string) (string, error) {
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

func (o owner) labels() map[string]string {
	return map[string]string{
		labelRun: o.run, labelPID: o.pid, labelStart: o.start, labelBoot: o.boot, labelPIDs: o.pidns, labelMachine: o.machine,
	}
}

// ownerOf reads labels back; ok is false when one is missing.
func ownerOf(labels map[string]string) (owner, bool) {
	o := owner{
		run: labels[labelRun], pid: labels[labelPID], start: labels[labelStart],
		boot: labels[labelBoot], pidns: labels[labelPIDs], machine: labels[labelMachine],
	}
	return o, o.run != "" && o.pid != "" && o.start != "" && o.boot != "" && o.pidns != "" && o.machine != ""
}

// dead reports whether o is known to be gone. What cannot be known, such as a
// process of another machine or of another namespace, counts as alive.
func (p procfs) dead(o owner) bool {
	self, err := p.readlink("self/ns/pid")
	if err != nil || o.machine != p.machine {
		return false
	}
	boot, err := fs.ReadFile(p, "sys/kernel/random/boot_id")
	if err != nil {
		return false
	}
	if strings.TrimSpace(string(boot)) != o.boot {
		return true
	}
	if self != o.pidns {
		return false
	}
	if n, err := strconv.Atoi(o.pid); err != nil || n <= 0 {
		return false
	}
	start, err := p.start(o.pid)
	return errors.Is(err, fs.ErrNotExist) || err == nil && start != o.start
}
