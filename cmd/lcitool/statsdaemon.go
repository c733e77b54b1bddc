// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
)

// ownDaemon is a libvirtd that the suite starts itself, in a container.
type ownDaemon struct {
	libvirt string // prefix or build tree, "" for the distribution's
	log     string // file for what the daemon writes, "" for none
	deaths  chan string
}

// start runs the daemon and gives the way to restart it; stop ends it.
func (d ownDaemon) start(ctx context.Context, o rpc.Options) (restart func(context.Context) error, stop func() error, err error) {
	options := daemon.Options{Libvirt: d.libvirt, Died: func(x daemon.Death) { d.deaths <- x.String() }}
	closeLog := func() error { return nil }
	if d.log != "" {
		f, err := os.Create(d.log)
		if err != nil {
			return nil, nil, err
		}
		options.Log, closeLog = f, f.Close
	}
	run, err := daemon.Start(options)
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
	return run.Restart, stop, nil
}

// findEmulator is the QEMU of a prefix or a build tree, "" for "".
func findEmulator(dir string) (string, error) {
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
