// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// Bits of the kernel's capabilities.
const (
	capNetAdmin = 12
	capNetRaw   = 13
	capKill     = 5
)

// A Host is the machine that this program and the daemon share.
type Host struct{ o Options }

func newHost(o Options) *Host { return &Host{o} }

// Missing returns why the host does not meet a need, "" if it does.
func (h *Host) Missing(n suite.Need) string {
	if h.o.remote() {
		switch n {
		case suite.NeedFiles, suite.NeedPID, suite.NeedTap, suite.NeedRaw, suite.NeedNBD, suite.NeedDaemon, suite.NeedPerf,
			suite.NeedLink, suite.NeedMacvtap, suite.NeedProcess, suite.NeedVirsh, suite.NeedCGroups, suite.NeedLog:
			return "the daemon is not on this machine"
		}
		return ""
	}
	switch n {
	case suite.NeedKVM:
		return canOpen("/dev/kvm")
	case suite.NeedTap:
		if h.o.session() {
			return "a session daemon makes no tap devices"
		}
		if reason := canOpen("/dev/net/tun"); reason != "" {
			return reason
		}
		return lacks(capNetAdmin, "CAP_NET_ADMIN")
	case suite.NeedLink:
		return h.missingLink()
	case suite.NeedMacvtap:
		return h.missingMacvtap()
	case suite.NeedPerf:
		return missingPerf()
	case suite.NeedProcess:
		return h.missingDaemon()
	case suite.NeedVirsh:
		if _, err := exec.LookPath("virsh"); err != nil {
			return "virsh is not installed"
		}
	case suite.NeedRaw:
		return lacks(capNetRaw, "CAP_NET_RAW")
	case suite.NeedPID:
		if h.o.session() {
			return ""
		}
		return lacks(capKill, "CAP_KILL")
	case suite.NeedRO:
		if h.o.session() {
			return "a session daemon has no read-only socket"
		}
	case suite.NeedNBD:
		if _, err := exec.LookPath("qemu-nbd"); err != nil {
			return "qemu-nbd is not installed"
		}
	case suite.NeedDaemon:
		if h.o.Restart == nil {
			return "the daemon is not ours to restart"
		}
	case suite.NeedLog:
		if h.o.ErrorsSince == nil {
			return "the daemon's log is not ours to read"
		}
	case suite.NeedFiles:
		if h.o.Dir == "" {
			return "there is no directory to share with QEMU"
		}
	}
	return ""
}

func canOpen(device string) string {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err.Error()
	}
	if err := f.Close(); err != nil {
		return err.Error()
	}
	return ""
}

// lacks says that a capability is missing, when it is.
func lacks(bit uint, name string) string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "CapEff:"); ok {
			mask, err := strconv.ParseUint(strings.TrimSpace(text), 16, 64)
			if err != nil {
				return err.Error()
			}
			if mask&(1<<bit) != 0 {
				return ""
			}
		}
	}
	return name + " is missing"
}

// Path is where a file or socket of the run would be.
func (h *Host) Path(name string) string { return filepath.Join(h.o.Dir, name) }

// WriteFile makes a file that QEMU may write to.
func (h *Host) WriteFile(name string, data []byte, size int64) (string, error) {
	path := h.Path(name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return "", err
	}
	if size > int64(len(data)) {
		if err := os.Truncate(path, size); err != nil {
			return "", err
		}
	}
	// QEMU may run as another user, whatever the mask of this process is.
	return path, os.Chmod(path, 0o666)
}

// Connect opens a guest's serial port.
func (h *Host) Connect(ctx context.Context, path string) (suite.Port, error) {
	p, err := guest.Connect(ctx, path)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// RestartDaemon stops the daemon and starts it again, with a call of meanwhile in between.
func (h *Host) RestartDaemon(ctx context.Context, meanwhile func()) error {
	if h.o.Restart == nil {
		return errors.New("the daemon is not ours to restart")
	}
	return h.o.Restart(ctx, meanwhile)
}

// ErrorsSince returns what the daemon has logged as errors after the first n.
func (h *Host) ErrorsSince(n int) (lines []string, now int) { return h.o.ErrorsSince(n) }

// Uptime is the time since the kernel was booted.
func (h *Host) Uptime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0, fmt.Errorf("cannot read /proc/uptime: %w", err)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// ServeNBD runs qemu-nbd on a raw file until stop is called.
func (h *Host) ServeNBD(ctx context.Context, file string) (string, suite.Signaler, func(), error) {
	socket := file + ".nbd"
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, "qemu-nbd", "--persistent", "--export-name="+guest.NBDExport, "--format=raw", "--shared=4", "--socket="+socket, file)
	if err := cmd.Start(); err != nil {
		cancel()
		return "", nil, nil, fmt.Errorf("cannot start qemu-nbd: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		// It ends by being killed, which counts as an error.
		_ = cmd.Wait()
	}()
	stop := func() {
		cancel()
		<-done
	}
	for {
		if err := os.Chmod(socket, 0o777); err == nil {
			return socket, process{cmd.Process.Pid}, stop, nil
		}
		select {
		case <-done:
			cancel()
			return "", nil, nil, errors.New("qemu-nbd ended at once")
		case <-ctx.Done():
			stop()
			return "", nil, nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
