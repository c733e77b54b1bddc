// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package podman

import (
	"errors"
	"os/exec"
)

// endWithUs makes cmd end when this process ends.
func endWithUs(cmd *exec.Cmd) *exec.Cmd { return watched(cmd) }

// PeerPID returns an error, because it is implemented only on Linux.
func PeerPID(string) (int, error) { return 0, errors.ErrUnsupported }
