// SPDX-License-Identifier: GPL-2.0-or-later

package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
)

// A Daemon is a libvirt daemon that the run starts itself, in a container
// without one.
type Daemon struct {
	Libvirt string // prefix or build tree, "" for the distribution's
	Log     string // file for what the daemon writes, "" for none
}

// start runs the daemon; stop ends it.
func (d Daemon) start(ctx context.Context, o rpc.Options, deaths chan<- string) (run *daemon.Daemon, stop func() error, err error) {
	options := daemon.Options{Libvirt: d.Libvirt, Died: func(x daemon.Death) { deaths <- x.String() }}
	closeLog := func() error { return nil }
	if d.Log != "" {
		f, err := os.Create(d.Log)
		if err != nil {
			return nil, nil, err
		}
		options.Log, closeLog = f, f.Close
	}
	run, err = daemon.Start(options)
	if err != nil {
		return nil, nil, errors.Join(err, closeLog())
	}
	stop = func() error { return errors.Join(run.Stop(context.WithoutCancel(ctx)), closeLog()) }
	if err := run.Ready(ctx, func(ctx context.Context) error {
		c, err := rpc.Open(ctx, o)
		if err == nil {
			c.Close()
		}
		return err
	}); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return run, stop, nil
}

// FindEmulator is the QEMU of a prefix or a build tree, "" for "".
func FindEmulator(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	for _, below := range []string{"qemu-system-x86_64", "build/qemu-system-x86_64", "bin/qemu-system-x86_64"} {
		path := filepath.Join(dir, below)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is neither a build tree of QEMU nor where one is installed", dir)
}
