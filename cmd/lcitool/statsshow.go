// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/display"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
)

// statsShow writes the statistics of domains for a person.
type statsShow struct {
	app      *app
	daemon   *daemonFlags
	names    []string
	groups   []string
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
		Long: `Show the statistics of running domains, or of all that run, with the units that
QEMU knows and libvirt leaves out, with rates while watching, and with the
histograms that libvirt does not report.

Units and histograms come from QEMU itself through libvirt's passthrough, which
marks the domain as tainted in libvirt's log; --no-qemu does without.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if s.interval <= 0 {
				return &usageError{cmd, fmt.Errorf("argument --interval: must be positive, got %s", s.interval)}
			}
			for _, g := range s.groups {
				if err := choice(cmd, "group", g, groupNames()...); err != nil {
					return err
				}
			}
			s.names = args
			return s.run(cmd.Context())
		},
	}
	s.daemon.flags(cmd)
	flags := cmd.Flags()
	flags.StringArrayVarP(&s.groups, "group", "g", nil, "group of statistics to show; may be repeated (default all)")
	flags.BoolVarP(&s.watch, "watch", "w", false, "repeat until interrupted, with rates")
	flags.DurationVar(&s.interval, "interval", 2*time.Second, "time between two requests with --watch")
	cliflags.Choice(flags, &s.format, "format", "", "text or json", "text", "json")
	flags.BoolVar(&s.zeros, "zeros", false, "include statistics that are 0")
	flags.BoolVar(&s.noQEMU, "no-qemu", false, "ask only libvirt")
	return cmd
}

func groupNames() []string {
	var names []string
	for _, g := range domstats.Groups() {
		names = append(names, g.Name)
	}
	return names
}

// chosen is the union of the groups that were named, 0 for all.
func (s *statsShow) chosen() domstats.Group {
	var groups domstats.Group
	for _, g := range domstats.Groups() {
		if slices.Contains(s.groups, g.Name) {
			groups |= g.Group
		}
	}
	return groups
}

func (s *statsShow) run(ctx context.Context) error {
	c, err := rpc.Open(ctx, s.daemon.options())
	if err != nil {
		return err
	}
	defer c.Close()
	var domains []domstats.Domain
	for _, name := range s.names {
		d, err := c.Lookup(ctx, name)
		if err != nil {
			return fmt.Errorf("domain %q: %w", name, err)
		}
		domains = append(domains, d)
	}
	printer := &display.Printer{Groups: s.chosen(), Zeros: s.zeros, Moving: s.watch}
	last := map[domstats.UUID]display.Snapshot{}
	for {
		snapshots, err := s.look(ctx, c, domains)
		if err != nil {
			return err
		}
		if err := s.print(printer, snapshots, last); err != nil {
			return err
		}
		if !s.watch {
			return nil
		}
		select {
		case <-time.After(s.interval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look takes the statistics of the domains, or of all that run, by name.
func (s *statsShow) look(ctx context.Context, c *rpc.Client, domains []domstats.Domain) ([]display.Snapshot, error) {
	flags := domstats.FlagNoWait
	if len(domains) == 0 {
		flags |= domstats.FlagActive
	}
	records, err := c.Collect(ctx, domains, s.chosen(), flags)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(a, b domstats.Record) int { return strings.Compare(a.Domain.Name, b.Domain.Name) })
	out := make([]display.Snapshot, len(records))
	for i, r := range records {
		out[i] = display.Snapshot{At: time.Now(), Record: r}
		if !s.noQEMU && r.Domain.ID >= 0 {
			s.askQEMU(ctx, monitor{c, r.Domain}, &out[i])
		}
	}
	return out, nil
}

// monitor is the passthrough to one domain's QEMU.
type monitor struct {
	c *rpc.Client
	d domstats.Domain
}

func (m monitor) Execute(ctx context.Context, command string) (string, error) {
	return m.c.Monitor(ctx, m.d, command, false)
}

// askQEMU adds what only QEMU knows. A driver without QEMU, or a QEMU that is
// too old, leaves the snapshot as it is; the log says so.
func (s *statsShow) askQEMU(ctx context.Context, m monitor, out *display.Snapshot) {
	schema, err := qmp.Schema(ctx, m)
	if err != nil {
		s.app.log().Debug("cannot ask QEMU", "domain", m.d.Name, "err", err)
		return
	}
	out.Schema = schema
	cpus, err := qmp.CPUs(ctx, m)
	if err != nil {
		s.app.log().Debug("cannot list the vCPUs", "domain", m.d.Name, "err", err)
		return
	}
	values, err := qmp.Stats(ctx, m, "vcpu")
	if err != nil {
		s.app.log().Debug("cannot read QEMU's statistics", "domain", m.d.Name, "err", err)
		return
	}
	out.Histograms = display.Histograms(schema, cpus, values)
}

func (s *statsShow) print(p *display.Printer, snapshots []display.Snapshot, last map[domstats.UUID]display.Snapshot) error {
	if s.format == "json" {
		return s.app.json(append([]display.Snapshot{}, snapshots...))
	}
	if s.watch && isTerminal(s.app.stdout) {
		// One screen, drawn again from its top.
		fmt.Fprint(s.app.stdout, "\x1b[H\x1b[2J")
	}
	for _, x := range snapshots {
		var previous *display.Snapshot
		if old, ok := last[x.Record.Domain.UUID]; ok {
			previous = &old
		}
		if err := p.Write(s.app.stdout, x, previous); err != nil {
			return err
		}
		last[x.Record.Domain.UUID] = x
	}
	return nil
}
