// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
)

var (
	uri         = flag.String("uri", "qemu:///system", "the daemon to test")
	socket      = flag.String("socket", "", "its socket, when that is not the usual one")
	parent      = flag.String("dir", os.TempDir(), "a folder that daemon and test share")
	jobs        = flag.Int("jobs", 2, "cases side by side")
	startDaemon = flag.Bool("start-daemon", false, "start libvirt first, in a container")
)

// TestMain starts the daemon if none runs: in the container of lcitool's own tests.
func TestMain(m *testing.M) {
	flag.Parse()
	status, err := withDaemon(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func withDaemon(run func() int) (status int, err error) {
	if !*startDaemon {
		return run(), nil
	}
	ctx := context.Background()
	d, err := daemon.Start(daemon.Options{})
	if err != nil {
		return 0, err
	}
	defer func() {
		if stopped := d.Stop(ctx); err == nil {
			err = stopped
		}
	}()
	err = d.Ready(ctx, func(ctx context.Context) error {
		c, err := rpc.Open(ctx, rpc.Options{URI: *uri, Socket: *socket})
		if err == nil {
			c.Close()
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return run(), nil
}
