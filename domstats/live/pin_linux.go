// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Pin binds a thread to one of the CPUs that this process may use.
func (p process) Pin(thread, place int) (several bool, err error) {
	var ours, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &ours); err != nil {
		return false, fmt.Errorf("cannot tell which CPUs there are: %w", err)
	}
	var cpus []int
	const most = 1024 // bits of a set
	for cpu := range most {
		if ours.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	one.Set(cpus[place%len(cpus)])
	if thread == 0 {
		thread = p.pid
	}
	if err := unix.SchedSetaffinity(thread, &one); err != nil {
		return false, fmt.Errorf("cannot bind thread %d: %w", thread, err)
	}
	return len(cpus) > 1, nil
}
