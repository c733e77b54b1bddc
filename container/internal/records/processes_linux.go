// SPDX-License-Identifier: GPL-2.0-or-later

package records

import (
	"bytes"
	"os"
)

// HostProcesses returns the process table of this machine.
func HostProcesses() Processes {
	machine, err := os.ReadFile("/etc/machine-id")
	if err != nil || len(bytes.TrimSpace(machine)) == 0 {
		name, _ := os.Hostname()
		machine = []byte(name)
	}
	return Processes{
		FS:       os.DirFS("/proc"),
		Readlink: func(name string) (string, error) { return os.Readlink("/proc/" + name) },
		Machine:  string(bytes.TrimSpace(machine)),
	}
}
