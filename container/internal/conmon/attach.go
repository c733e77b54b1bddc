// SPDX-License-Identifier: GPL-2.0-or-later

// Package conmon communicates with conmon, the process that supervises a
// container of podman.
package conmon

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// A packet from conmon is a stream number and up to 8 KiB of the container's
// output. A packet to conmon is the container's input.
const (
	packetStdout = 2
	packetStderr = 3
	packetRead   = 64 << 10
	packetWrite  = 8 << 10
)

// Feed copies stdin until its end, or until conmon closes the connection.
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

// Copy copies packets to stdout and stderr until the end of the stream. One read
// returns one packet. A closed connection is not an error.
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
