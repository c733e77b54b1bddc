// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// FileSize is the length of a file and the space that it takes.
func (h *Host) FileSize(path string) (length, space uint64, err error) {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return 0, 0, fmt.Errorf("cannot look at %s: %w", path, err)
	}
	const block = 512 // whatever the file system's own is
	return uint64(s.Size), uint64(s.Blocks) * block, nil
}

// HoldPipe makes a named pipe that is open for reading, and from which nothing is read.
func (h *Host) HoldPipe(name string) (path string, release func(), err error) {
	path = h.Path(name)
	if err := unix.Mkfifo(path, 0o666); err != nil {
		return "", nil, fmt.Errorf("cannot make the pipe %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return "", nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", nil, err
	}
	return path, func() {
		// Writers get an error from then on, which ends them.
		_ = f.Close()
		_ = os.Remove(path)
	}, nil
}

// Monitors looks where resctrl is mounted.
func (h *Host) Monitors(feature string) bool {
	text, err := os.ReadFile("/sys/fs/resctrl/info/L3_MON/mon_features")
	return err == nil && slices.Contains(strings.Fields(string(text)), feature)
}

// HaltPolling is the kernel's limit for polling a halted vCPU.
func (h *Host) HaltPolling() (time.Duration, error) {
	text, err := os.ReadFile("/sys/module/kvm/parameters/halt_poll_ns")
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return time.Duration(ns), err
}
