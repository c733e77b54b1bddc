// SPDX-License-Identifier: GPL-2.0-or-later

package records

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// HostProcesses returns the process table of this machine.
func HostProcesses() Processes {
	machine, _ := os.Hostname()
	return Processes{Machine: machine, system: &system{
		boot: func() (string, error) { return unix.Sysctl("kern.bootsessionuuid") },
		start: func(pid int) (string, error) {
			if err := exists(pid); err != nil {
				return "", err
			}
			info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%d.%06d", info.Proc.P_starttime.Sec, info.Proc.P_starttime.Usec), nil
		},
	}}
}
