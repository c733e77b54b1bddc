// SPDX-License-Identifier: GPL-2.0-or-later

// Package observe reads the statistics of domains at one time.
package observe

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/display"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// A Client asks libvirt; an *rpc.Client is one.
type Client interface {
	Lookup(ctx context.Context, name string) (domstats.Domain, error)
	Collect(ctx context.Context, domains []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error)
	Monitor(ctx context.Context, d domstats.Domain, command string, human bool) (string, error)
}

// An Observer asks one libvirt.
type Observer struct {
	Client Client
	Groups domstats.Group // 0 for all
	QEMU   bool           // ask QEMU for what libvirt does not report
	Log    *slog.Logger
}

// Domains returns the domains with the given names.
func (o *Observer) Domains(ctx context.Context, names []string) ([]domstats.Domain, error) {
	var domains []domstats.Domain
	for _, name := range names {
		d, err := o.Client.Lookup(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("domain %q: %w", name, err)
		}
		domains = append(domains, d)
	}
	return domains, nil
}

// Watch calls show with the statistics of the domains with the given names, or
// of all running ones, after each interval until ctx ends. If interval is 0, it
// calls show once.
func (o *Observer) Watch(ctx context.Context, names []string, interval time.Duration, show func([]display.Snapshot) error) error {
	domains, err := o.Domains(ctx, names)
	if err != nil {
		return err
	}
	for {
		snapshots, err := o.Look(ctx, domains)
		if err == nil {
			err = show(snapshots)
		}
		if err != nil || interval == 0 {
			return err
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Look takes the statistics of the domains, or of all that run, by name.
func (o *Observer) Look(ctx context.Context, domains []domstats.Domain) ([]display.Snapshot, error) {
	flags := domstats.FlagNoWait
	if len(domains) == 0 {
		flags |= domstats.FlagActive
	}
	records, err := o.Client.Collect(ctx, domains, o.Groups, flags)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(a, b domstats.Record) int { return strings.Compare(a.Domain.Name, b.Domain.Name) })
	out := make([]display.Snapshot, len(records))
	for i, r := range records {
		out[i] = display.Snapshot{At: time.Now(), Record: r}
		if o.QEMU && r.Domain.ID >= 0 {
			o.askQEMU(ctx, monitor{o.Client, r.Domain}, &out[i])
		}
	}
	return out, nil
}

// monitor is the passthrough to one domain's QEMU.
type monitor struct {
	c Client
	d domstats.Domain
}

func (m monitor) Execute(ctx context.Context, command string) (string, error) {
	return m.c.Monitor(ctx, m.d, command, false)
}

// askQEMU adds what only QEMU knows. A driver without QEMU, or a QEMU that is
// too old, leaves the snapshot as it is; the log says so.
func (o *Observer) askQEMU(ctx context.Context, m monitor, out *display.Snapshot) {
	schema, err := qmp.Schema(ctx, m)
	if err != nil {
		o.Log.Debug("cannot ask QEMU", "domain", m.d.Name, "err", err)
		return
	}
	out.Schema = schema
	cpus, err := qmp.CPUs(ctx, m)
	if err != nil {
		o.Log.Debug("cannot list the vCPUs", "domain", m.d.Name, "err", err)
		return
	}
	values, err := qmp.Stats(ctx, m, "vcpu")
	if err != nil {
		o.Log.Debug("cannot read QEMU's statistics", "domain", m.d.Name, "err", err)
		return
	}
	out.Histograms = display.Histograms(schema, cpus, values)
	// Without a version, nothing is known of the order.
	version, _ := qmp.Version(ctx, m)
	display.InKernelsOrder(out.Histograms, version)
}
