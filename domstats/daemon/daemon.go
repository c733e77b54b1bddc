// SPDX-License-Identifier: GPL-2.0-or-later

// Package daemon runs libvirt's daemons by hand in a container without an init.
package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startLimit is a guard: on a busy machine, probing QEMU takes a minute.
	startLimit = 5 * time.Minute
	// stopLimit is above the 30 s after which libvirtd gives up an orderly end:
	// libvirt 11.3's node device driver sometimes deadlocks with its own udev
	// thread while it stops.
	stopLimit = 3 * time.Minute
)

// Options say which libvirt to run.
type Options struct {
	// Libvirt is an installed prefix or a build tree; empty means the
	// distribution's.
	Libvirt string
	// Log receives the output of the daemons; nil discards it.
	Log io.Writer
	// Died is called when the daemon ends unexpectedly, and the daemon is
	// restarted; if it is nil, the daemon is not restarted.
	Died func(Death)
	// Root is the root of the file system whose configuration is changed,
	// for tests; empty means "/".
	Root string
}

// A Daemon is a libvirtd.
type Daemon struct {
	o       Options
	libvirt installation
	tail    *tail

	mu       sync.Mutex // guards what follows
	stopping bool
	cmd      *exec.Cmd
	ended    chan struct{}
}

// settings are what QEMU's driver needs in a container: no trusted attributes,
// no control groups where they cannot be written to, QEMU as root so that it may
// open /dev/kvm, its output without virtlogd.
func settings(grouped bool) string {
	groups := "cgroup_controllers = []\n"
	if grouped {
		groups = ""
	}
	return `
# Written by lcitool.
remember_owner = 0
` + groups + `user = "root"
group = "root"
namespaces = []
security_driver = "none"
stdio_handler = "file"
`
}

// sockets are where clients look, whatever path libvirt was built for.
func sockets() string {
	return `# Written by lcitool.
unix_sock_dir = "/run/libvirt"
auth_unix_ro = "none"
auth_unix_rw = "none"
`
}

// Start configures and starts the daemons. It fails outside a container, because
// it changes the machine's configuration.
func Start(o Options) (*Daemon, error) {
	if o.Root == "" {
		o.Root = "/"
	}
	if !inContainer(o.Root) {
		return nil, errors.New("cannot start libvirt here: this is no container, and its configuration would be changed")
	}
	if os.Getpid() == 1 {
		return nil, errors.New("cannot start libvirt as the first process of a container, which nobody's processes are left to; run it with --init")
	}
	libvirt, err := find(o.Libvirt)
	if err != nil {
		return nil, err
	}
	if err := libvirt.complete(); err != nil {
		return nil, err
	}
	config, err := configure(o.Root, libvirt.etc...)
	if err != nil {
		return nil, fmt.Errorf("cannot configure libvirt: %w", err)
	}
	libvirt.command = append(libvirt.command, "--config", config)
	d := &Daemon{o: o, libvirt: libvirt, tail: &tail{w: o.Log}}
	return d, d.run(nil)
}

// inContainer reports whether a file exists that podman or docker creates.
func inContainer(root string) bool {
	for _, name := range []string{"run/.containerenv", ".dockerenv"} {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			return true
		}
	}
	return false
}

// configure makes the directories, adds the settings of QEMU's driver once where
// they may be read, and gives the file with the daemon's own.
func configure(root string, etc ...string) (config string, err error) {
	for _, dir := range []string{"run/libvirt", "var/log/libvirt/qemu"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return "", err
		}
	}
	for _, dir := range etc {
		if err := addSettings(filepath.Join(root, dir, "qemu.conf"), canGroup(root)); err != nil {
			return "", err
		}
	}
	config = filepath.Join(root, "run/libvirt/lcitool.conf")
	return config, os.WriteFile(config, []byte(sockets()), 0o600)
}

// canGroup reports whether control groups can be made: in privileged containers.
func canGroup(root string) bool {
	dirs := []string{"sys/fs/cgroup/cpu", "sys/fs/cgroup/cpuacct"} // the first version has one for each controller
	if isFile(filepath.Join(root, "sys/fs/cgroup/cgroup.controllers")) {
		dirs = []string{"sys/fs/cgroup"}
	}
	for _, dir := range dirs {
		path := filepath.Join(root, dir, "lcitool-probe")
		if os.Mkdir(path, 0o755) != nil || os.Remove(path) != nil {
			return false
		}
	}
	return true
}

func addSettings(path string, grouped bool) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if bytes.Contains(old, []byte(settings(grouped))) {
		return nil
	}
	return os.WriteFile(path, append(old, settings(grouped)...), 0o600)
}

// run starts libvirtd as the successor of a process, unless that has one already.
func (d *Daemon) run(last *exec.Cmd) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd != last {
		return nil
	}
	return d.start()
}

// start starts libvirtd. d.mu is locked.
func (d *Daemon) start() error {
	cmd := exec.Command(d.libvirt.command[0], d.libvirt.command[1:]...)
	cmd.Env = append(os.Environ(), d.libvirt.env...)
	cmd.Stdout, cmd.Stderr = d.tail, d.tail
	// QEMU inherits the pipe, and would keep Wait from returning.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start libvirtd: %w", err)
	}
	ended := make(chan struct{})
	d.cmd, d.ended, d.stopping = cmd, ended, false
	go d.watch(cmd, ended)
	return nil
}

// process is the one that runs now, with a channel that is closed at its end.
func (d *Daemon) process() (*exec.Cmd, chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cmd, d.ended
}

// Ready waits until open succeeds: the socket is there before the drivers are.
func (d *Daemon) Ready(ctx context.Context, open func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	_, ended := d.process()
	for {
		err := open(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return errors.Join(fmt.Errorf("libvirtd ended at once: %s", strings.Join(d.tail.last(), " | ")), err)
		case <-ctx.Done():
			return errors.Join(errors.New("libvirtd does not get ready"), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop ends libvirtd; domains run on.
func (d *Daemon) Stop(ctx context.Context) error {
	_, err := d.stop(ctx)
	return err
}

// stop returns the process that it has ended.
func (d *Daemon) stop(ctx context.Context) (*exec.Cmd, error) {
	d.mu.Lock()
	d.stopping = true
	cmd, ended := d.cmd, d.ended
	d.mu.Unlock()
	return cmd, end(ctx, cmd, ended)
}

func end(ctx context.Context, cmd *exec.Cmd, ended <-chan struct{}) error {
	select {
	case <-ended:
		return nil
	default:
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot stop libvirtd: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("libvirtd does not stop"), cmd.Process.Kill())
	}
}

// ErrorsSince returns the last of the errors that libvirtd has logged after the first n,
// and how many it has logged so far.
func (d *Daemon) ErrorsSince(n int) (lines []string, now int) { return d.tail.since(n) }

// Restart stops libvirtd, calls meanwhile if it is not nil, and starts libvirtd again.
func (d *Daemon) Restart(ctx context.Context, meanwhile func()) (err error) {
	last, err := d.stop(ctx)
	if err != nil {
		return err
	}
	// Also if meanwhile ends the goroutine.
	defer func() { err = d.run(last) }()
	if meanwhile != nil {
		meanwhile()
	}
	return nil
}
