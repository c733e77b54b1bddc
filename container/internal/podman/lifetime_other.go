// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package podman

import (
	"errors"
	"os/exec"
)

// endWithUs returns cmd as a command that ends when this process ends.
func endWithUs(cmd *exec.Cmd) *exec.Cmd { return watched(cmd) }

// PeerPID needs Linux, where podman is.
func PeerPID(string) (int, error) { return 0, errors.ErrUnsupported }
