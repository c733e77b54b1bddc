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
	"syscall"
	"time"
)

// Options say which libvirt to run.
type Options struct {
	// Libvirt is an installed prefix or a build tree; empty means the
	// distribution's.
	Libvirt string
	// Log takes what the daemons write; nil drops it.
	Log io.Writer
	// Root is the root of the file system whose configuration is changed,
	// for tests; empty means "/".
	Root string
}

// A Daemon is libvirtd with virtlogd beside it.
type Daemon struct {
	o       Options
	command []string
	cmd     *exec.Cmd
	ended   chan struct{}
}

// settings are what QEMU's driver needs in a container: no trusted attributes
// and no control groups to write to, QEMU as root so that it may open /dev/kvm.
func settings() string {
	return `
# Written by lcitool.
remember_owner = 0
cgroup_controllers = []
user = "root"
group = "root"
namespaces = []
security_driver = "none"
`
}

// Start configures and starts the daemons. It refuses to outside a container,
// because it changes the machine's configuration.
func Start(ctx context.Context, o Options) (*Daemon, error) {
	if o.Root == "" {
		o.Root = "/"
	}
	if !inContainer(o.Root) {
		return nil, errors.New("cannot start libvirt here: this is no container, and its configuration would be changed")
	}
	command, err := find(o.Libvirt)
	if err != nil {
		return nil, err
	}
	if err := configure(o.Root); err != nil {
		return nil, fmt.Errorf("cannot configure libvirt: %w", err)
	}
	d := &Daemon{o: o, command: command}
	log := exec.CommandContext(ctx, "virtlogd", "--daemon")
	if out, err := log.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot start virtlogd: %w: %s", err, bytes.TrimSpace(out))
	}
	return d, d.run()
}

// inContainer looks for the file that podman or docker puts into theirs.
func inContainer(root string) bool {
	for _, name := range []string{"run/.containerenv", ".dockerenv"} {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			return true
		}
	}
	return false
}

// find tells how to run the libvirtd of a prefix or a build tree.
func find(prefix string) ([]string, error) {
	if prefix == "" {
		return []string{"libvirtd"}, nil
	}
	script, built := filepath.Join(prefix, "run"), filepath.Join(prefix, "src", "libvirtd")
	if isFile(script) && isFile(built) {
		return []string{script, built}, nil
	}
	for _, dir := range []string{"sbin", "bin"} {
		if path := filepath.Join(prefix, dir, "libvirtd"); isFile(path) {
			return []string{path}, nil
		}
	}
	return nil, fmt.Errorf("%s is neither a build tree of libvirt nor where one is installed", prefix)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// configure makes the folders and adds the settings, once.
func configure(root string) error {
	for _, dir := range []string{"run/libvirt", "var/log/libvirt/qemu", "etc/libvirt"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	path := filepath.Join(root, "etc/libvirt/qemu.conf")
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if bytes.Contains(old, []byte(settings())) {
		return nil
	}
	return os.WriteFile(path, append(old, settings()...), 0o600)
}

// run starts libvirtd.
func (d *Daemon) run() error {
	d.cmd = exec.Command(d.command[0], d.command[1:]...)
	d.cmd.Stdout, d.cmd.Stderr = d.o.Log, d.o.Log
	if err := d.cmd.Start(); err != nil {
		return fmt.Errorf("cannot start libvirtd: %w", err)
	}
	d.ended = make(chan struct{})
	go func() {
		defer close(d.ended)
		// It ends when it is told to, or its clients notice.
		_ = d.cmd.Wait()
	}()
	return nil
}

// Ready waits until open succeeds: the socket is there before the drivers are.
func (d *Daemon) Ready(ctx context.Context, open func(context.Context) error) error {
	for {
		err := open(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-d.ended:
			return errors.Join(errors.New("libvirtd ended at once"), err)
		case <-ctx.Done():
			return errors.Join(errors.New("libvirtd does not get ready"), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop ends libvirtd; domains run on.
func (d *Daemon) Stop(ctx context.Context) error {
	select {
	case <-d.ended:
		return nil
	default:
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot stop libvirtd: %w", err)
	}
	select {
	case <-d.ended:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("libvirtd does not stop"), d.cmd.Process.Kill())
	}
}

// Restart stops libvirtd and starts it again.
func (d *Daemon) Restart(ctx context.Context) error {
	if err := d.Stop(ctx); err != nil {
		return err
	}
	return d.run()
}
