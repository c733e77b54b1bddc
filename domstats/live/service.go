// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// Daemon is the libvirtd or virtqemud at the other end of the socket.
func (h *Host) Daemon(ctx context.Context) (suite.Process, error) {
	pid, err := rpc.PeerPID(ctx, h.o.RPC)
	if err != nil {
		return nil, err
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return nil, err
	}
	if n := strings.TrimSpace(string(name)); n != "libvirtd" && n != "virtqemud" {
		return nil, fmt.Errorf("the process at the other end of the socket is %q", n)
	}
	return process{pid}, nil
}

// missingDaemon says why the daemon's process cannot be looked at.
func (h *Host) missingDaemon() string {
	p, err := h.Daemon(context.Background())
	if err == nil {
		_, err = p.Descriptors()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// Virsh runs libvirt's own client on the same daemon.
func (h *Host) Virsh(ctx context.Context, args ...string) (string, error) {
	uri := h.o.RPC.URI
	if h.o.RPC.Socket != "" {
		uri = "qemu+unix:///system?socket=" + h.o.RPC.Socket
	}
	cmd := exec.CommandContext(ctx, "virsh", append([]string{"--connect", uri}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C") // "yes" and "no" would be translated
	out, err := cmd.Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(e.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("virsh %s: %w", strings.Join(args, " "), err)
	}
	return string(out), nil
}
