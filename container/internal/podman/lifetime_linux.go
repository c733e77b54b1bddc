// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"os/exec"
	"syscall"
)

// endWithUs makes cmd end when this process ends.
func endWithUs(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	return cmd
}
