// SPDX-License-Identifier: GPL-2.0-or-later

// Package conmon speaks to the processes that watch over podman's containers.
package conmon

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// A packet from conmon is the number of a stream and up to 8 KiB of what the
// container wrote there; one to it is what the container reads.
const (
	packetStdout = 2
	packetStderr = 3
	packetRead   = 64 << 10
	packetWrite  = 8 << 10
)

// Feed copies stdin to its end, or until nobody reads it any more.
func Feed(conn *net.UnixConn, stdin io.Reader) {
	buffer := make([]byte, packetWrite)
	for {
		n, err := stdin.Read(buffer)
		if n > 0 {
			if _, err := conn.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = conn.CloseWrite()
			return
		}
	}
}

// Copy copies packets, one a read, to stdout and stderr until their
// end. Closing the connection is an end like any other.
func Copy(stdout, stderr io.Writer, conn io.Reader) error {
	buffer := make([]byte, packetRead)
	for {
		n, err := conn.Read(buffer)
		if n > 0 {
			to := stdout
			switch buffer[0] {
			case packetStdout:
			case packetStderr:
				to = stderr
			default:
				return fmt.Errorf("unknown stream %d from conmon", buffer[0])
			}
			if _, err := to.Write(buffer[1:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return err
		}
	}
}
