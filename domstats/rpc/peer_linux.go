// SPDX-License-Identifier: GPL-2.0-or-later

package rpc

import "syscall"

// peerPID returns the process at the other end of a local socket.
func peerPID(fd int) (int, error) {
	peer, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return int(peer.Pid), nil
}
