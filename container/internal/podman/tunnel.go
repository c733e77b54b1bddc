// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A tunnel is an ssh process that forwards a local socket to the socket of a
// service on another machine. All connections use the same process, so there is
// one handshake. It is the user's ssh with its configuration, agent, jump hosts
// and known hosts. It ends with this process.
type tunnel struct {
	to     *url.URL
	args   []string
	socket string
	log    string // what ssh says goes to this file
	vm     bool   // of "podman machine"

	mu      sync.Mutex
	process *Process // nil if none was started yet
}

// openTunnel starts a tunnel to a and returns a with the local socket.
func (s *Service) openTunnel(ctx context.Context, a address) (address, error) {
	dir, err := s.options.SocketDir()
	if err != nil {
		return a, err
	}
	removeStale(ctx, dir)
	base := filepath.Join(dir, "ssh-"+s.run)
	t := &tunnel{socket: base + ".sock", log: base + ".log", vm: a.Machine}
	if t.to, err = url.Parse(a.URL); err != nil {
		return a, err
	}
	if t.args, err = sshArgs(t.to, a, t.socket); err != nil {
		return a, err
	}
	a.Via = t.socket
	if err := t.up(ctx); err != nil {
		return a, err
	}
	s.tunnel = t
	return a, nil
}

// sshArgs returns the arguments for ssh to forward socket to the service at a.
func sshArgs(to *url.URL, a address, socket string) ([]string, error) {
	if strings.Contains(to.Path+socket, ":") {
		return nil, &api.EngineError{Op: "reach " + to.Host, Code: 125, Err: fmt.Errorf("ssh cannot forward a socket with a colon in its path: %s to %s", socket, to.Path)}
	}
	args := []string{
		"-N", "-T", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none",
		"-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15", "-L", socket + ":" + to.Path,
	}
	if to.Port() != "" {
		args = append(args, "-p", to.Port())
	}
	if name := to.User.Username(); name != "" {
		args = append(args, "-l", name)
	}
	if a.Identity != "" {
		args = append(args, "-o", "IdentitiesOnly=yes", "-i", a.Identity)
	}
	if a.Machine { // each init of a podman machine changes the host key
		args = append(args, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
	}
	return append(args, "--", to.Hostname()), nil
}

// up starts ssh unless it runs, and waits until it forwards.
func (t *tunnel) up(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.process != nil && !t.process.gone() {
		return nil
	}
	path, err := exec.LookPath("ssh")
	if err != nil {
		return &api.EngineError{Op: "reach " + t.to.Host, Code: 125, Err: errors.New("ssh is not installed"), Hint: "install openssh-client"}
	}
	_ = os.Remove(t.socket)
	log, err := os.OpenFile(t.log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(path, t.args...) //nolint:gosec // the address is the user's choice, and is no option
	cmd.Stderr, cmd.Dir = log, "/"
	// A new session, so that ^C in the terminal does not stop it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if t.process, err = spawn(endWithUs(cmd)); err != nil {
		return err
	}
	t.process.socket = t.socket
	if err := t.process.ready(ctx); err != nil {
		t.process.Stop()
		return t.failed(err)
	}
	return nil
}

// failed returns the error of a tunnel, with the output of ssh if there is any.
func (t *tunnel) failed(err error) error {
	text, _ := os.ReadFile(t.log)
	said := strings.TrimSpace(strings.ReplaceAll(string(text), "\r", ""))
	hint := "try it with: ssh " + t.destination() + " true"
	switch {
	case t.vm && strings.Contains(said, "Connection refused"):
		hint = "start podman's virtual machine with \"podman machine start\", or name another engine with --connection or --url"
	case strings.Contains(said, "Host key verification failed"):
		hint = fmt.Sprintf("if this machine was never in contact with %s, do so once with \"ssh %s\" and compare the key it shows", t.to.Hostname(), t.destination())
	}
	if said != "" {
		err = errors.New("ssh: " + strings.TrimPrefix(said[strings.LastIndexByte(said, '\n')+1:], "ssh: "))
	}
	return &api.EngineError{Op: "reach " + t.to.Host, Code: 125, Err: err, Hint: hint}
}

func (t *tunnel) destination() string {
	host := t.to.Hostname()
	if name := t.to.User.Username(); name != "" {
		host = name + "@" + host
	}
	if t.to.Port() != "" {
		return "-p " + t.to.Port() + " " + host
	}
	return host
}

// removeStale removes sockets of tunnels that have ended.
func removeStale(ctx context.Context, dir string) {
	for _, socket := range safefs.Glob(dir, "ssh-*.sock") {
		err := dial(ctx, address{URL: "unix://" + socket})
		if errors.Is(err, syscall.ECONNREFUSED) {
			_, _ = os.Remove(socket), os.Remove(strings.TrimSuffix(socket, ".sock")+".log")
		}
	}
}
