// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// NetDev reads the kernel's counters of a device.
func (h *Host) NetDev(name string) (suite.NetCounts, error) {
	text, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		return suite.NetCounts{}, err
	}
	return netDev(string(text), name)
}

func netDev(table, name string) (suite.NetCounts, error) {
	for line := range strings.Lines(table) {
		device, rest, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(device) != name {
			continue
		}
		fields := strings.Fields(rest)
		const columns = 16
		if len(fields) < columns {
			return suite.NetCounts{}, fmt.Errorf("device %q has %d counters only", name, len(fields))
		}
		var n [columns]uint64
		for i := range n {
			v, err := strconv.ParseUint(fields[i], 10, 64)
			if err != nil {
				return suite.NetCounts{}, fmt.Errorf("cannot read the counters of %q: %w", name, err)
			}
			n[i] = v
		}
		return suite.NetCounts{RxBytes: n[0], RxPackets: n[1], RxErrors: n[2], RxDropped: n[3],
			TxBytes: n[8], TxPackets: n[9], TxErrors: n[10], TxDropped: n[11]}, nil
	}
	return suite.NetCounts{}, fmt.Errorf("there is no device %q", name)
}

// SendFrames sends broadcast frames of a local experimental type.
func (h *Host) SendFrames(device string, frames int) error {
	dev, err := net.InterfaceByName(device)
	if err != nil {
		return fmt.Errorf("cannot find device %q: %w", device, err)
	}
	const protocol = 0x88b5
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot open a raw socket: %w", err)
	}
	frame := make([]byte, 64)
	copy(frame, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0, 1, protocol >> 8, protocol & 0xff})
	to := &syscall.SockaddrLinklayer{Ifindex: dev.Index, Protocol: protocol>>8 | protocol&0xff<<8, Halen: 6}
	for range frames {
		// A queue that is full drops the frame, which the device may count.
		if err := syscall.Sendto(fd, frame, 0, to); err != nil && !errors.Is(err, syscall.ENOBUFS) {
			return errors.Join(fmt.Errorf("cannot send out of %q: %w", device, err), syscall.Close(fd))
		}
	}
	return syscall.Close(fd)
}
