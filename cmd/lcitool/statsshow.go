// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/display"
	"gitlab.com/lcitool/lcitool/domstats/observe"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

type statsShow struct {
	app      *app
	daemon   *daemonFlags
	names    []string
	groups   []string
	chosen   domstats.Group // the union of groups; 0 for all
	watch    bool
	interval time.Duration
	format   string
	noQEMU   bool
	zeros    bool
}

func newStatsShow(a *app) *cobra.Command {
	s := &statsShow{app: a, daemon: &daemonFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "show [DOMAIN...]",
		Short: "Show the statistics of running domains",
		Long: `Show the statistics of the given domains, or of all running ones: with the units that QEMU
knows and libvirt leaves out, with rates if --watch is given, and with the histograms that
libvirt does not report.

Units and histograms are queried from QEMU through the monitor passthrough of libvirt,
which marks the domain as tainted in libvirt's log. --no-qemu avoids this.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if s.interval <= 0 {
				return cliflags.Usagef(cmd, "argument --interval: must be positive, got %s", s.interval)
			}
			if s.chosen, err = domstats.ParseGroups(s.groups); err != nil {
				return cliflags.Usagef(cmd, "argument --group: %w", err)
			}
			s.names = args
			return s.run(cmd.Context())
		},
	}
	s.daemon.flags(cmd)
	flags := cmd.Flags()
	flags.StringArrayVarP(&s.groups, "group", "g", nil, "group of statistics to show, for example block or vcpu; may be repeated (default all)")
	flags.BoolVarP(&s.watch, "watch", "w", false, "update until interrupted, and show rates")
	flags.DurationVar(&s.interval, "interval", 2*time.Second, "time between two updates with --watch")
	cliflags.Choice(flags, &s.format, "format", "", "output format: text or json", "text", "json")
	flags.BoolVar(&s.zeros, "zeros", false, "include statistics that are 0")
	flags.BoolVar(&s.noQEMU, "no-qemu", false, "query only libvirt, not QEMU")
	return cmd
}

func (s *statsShow) run(ctx context.Context) error {
	c, err := rpc.Open(ctx, s.daemon.options())
	if err != nil {
		return err
	}
	defer c.Close()
	o := &observe.Observer{Client: c, Groups: s.chosen, QEMU: !s.noQEMU, Log: s.app.log()}
	if !s.watch {
		s.interval = 0
	}
	printer := &display.Printer{Groups: s.chosen, Zeros: s.zeros, Moving: s.watch}
	return o.Watch(ctx, s.names, s.interval, func(snapshots []display.Snapshot) error { return s.print(printer, snapshots) })
}

func (s *statsShow) print(p *display.Printer, snapshots []display.Snapshot) error {
	if s.format == "json" {
		return s.app.JSON(append([]display.Snapshot{}, snapshots...))
	}
	if s.watch && stdio.IsTerminal(s.app.Stdout) {
		// Clear the screen and draw from its top.
		fmt.Fprint(s.app.Stdout, "\x1b[H\x1b[2J")
	}
	return p.WriteNext(s.app.Stdout, snapshots)
}
