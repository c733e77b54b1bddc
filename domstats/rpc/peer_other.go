// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package rpc

import "errors"

// peerPID is needed by cases that look at the daemon's process, on Linux.
func peerPID(int) (int, error) { return 0, errors.ErrUnsupported }
