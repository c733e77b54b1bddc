// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// SendFrames sends small broadcast frames of a local experimental type.
func (h *Host) SendFrames(device string, frames int) error {
	const least = 64
	return send(device, frames, least)
}

// SendLarge sends large ones.
func (h *Host) SendLarge(device string, frames int) error {
	return send(device, frames, suite.LargeFrame)
}

func send(device string, frames, size int) error {
	dev, err := net.InterfaceByName(device)
	if err != nil {
		return fmt.Errorf("cannot find device %q: %w", device, err)
	}
	const protocol = 0x88b5
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot open a raw socket: %w", err)
	}
	frame := make([]byte, size)
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
