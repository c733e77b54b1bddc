// SPDX-License-Identifier: GPL-2.0-or-later

package conmon

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Dial connects to a container's attach socket. Its path may be longer than a
// socket address permits.
func Dial(path string) (*net.UnixConn, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: fmt.Sprintf("/proc/self/fd/%d", fd), Net: "unixpacket"})
}

func openProcess(pid int) (int, error) { return unix.PidfdOpen(pid, 0) }
