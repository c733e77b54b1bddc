// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package conmon

import (
	"errors"
	"net"
)

// Dial returns an error, because conmon runs only on Linux.
func Dial(string) (*net.UnixConn, error) { return nil, errors.ErrUnsupported }

func openProcess(int) (int, error) { return -1, errors.ErrUnsupported }
