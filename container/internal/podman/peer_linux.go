// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"errors"
	"net"
	"syscall"
)

// PeerPID returns the PID of the process that listens on a socket, or that of
// systemd if it has created the socket. 0 means a process in another PID
// namespace.
func PeerPID(socket string) (int, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *syscall.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		peer, asked = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err := errors.Join(err, asked); err != nil {
		return 0, err
	}
	return int(peer.Pid), nil
}
