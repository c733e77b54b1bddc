// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/internal/clihelp"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

func newStats(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stats COMMAND",
		Short: "Test and show the statistics that libvirt and QEMU report for domains",
		Args:  cobra.ArbitraryArgs,
		RunE:  clihelp.NeedAction,
	}
	cmd.AddCommand(newStatsCheck(a), newStatsDiff(a), newStatsShow(a), newStatsRun(a))
	return cmd
}

// needLinux fails on other systems than Linux. The suite runs this program in a
// container, which must be a Linux program.
func needLinux(system string) error {
	if system == "linux" {
		return nil
	}
	return diag.WithHint(fmt.Errorf("cannot run the statistics suite: it needs lcitool on Linux, and this one is for %s", system),
		"\"lcitool stats diff\" and \"lcitool stats show\" work here")
}

type daemonFlags struct {
	app    *app
	uri    string
	socket string
}

func (f *daemonFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.uri, "connect", "qemu:///system", "libvirt connection URI: local, or with the transport unix or tcp")
	cmd.Flags().StringVar(&f.socket, "socket", "", "path of the daemon's socket (default from the URI)")
}

func (f *daemonFlags) options() rpc.Options {
	o := rpc.Options{URI: f.uri, Socket: f.socket}
	if dir := f.app.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		o.UserDirs = append(o.UserDirs, dir)
	}
	if home := f.app.Getenv("HOME"); filepath.IsAbs(home) {
		o.UserDirs = append(o.UserDirs, filepath.Join(home, ".cache"))
	}
	return o
}
