// SPDX-License-Identifier: GPL-2.0-or-later

package records

import (
	"encoding/hex"
	"os"

	"golang.org/x/sys/unix"
)

// HostProcesses returns the process table of this machine.
func HostProcesses() Processes {
	machine, err := unix.Sysctl("kern.hostuuid")
	if err != nil || machine == "" {
		machine, _ = os.Hostname()
	}
	return Processes{Machine: machine, system: &system{
		boot: func() (string, error) {
			id, err := unix.SysctlRaw("kern.boot_id")
			return hex.EncodeToString(id), err
		},
		// FreeBSD's start times change with the clock, so they are not used: a
		// process with a reused PID counts as the original one.
		start: func(pid int) (string, error) { return "running", exists(pid) },
	}}
}
