// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
)

// BenchmarkAllGroups asks for all groups of 1, 10 and 50 domains, with rpc and with virsh in
// pairs, and prints the ratio of their times.
func BenchmarkAllGroups(b *testing.B) {
	owner, err := Self()
	if err != nil {
		b.Fatal(err)
	}
	o := rpc.Options{URI: *uri, Socket: *socket}
	c, err := rpc.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	var domains []domstats.Domain
	for _, n := range []int{1, 10, 50} {
		for len(domains) < n {
			domains = append(domains, paused(b, c, fmt.Sprintf("%sbench%d", owner.Prefix(), len(domains)), nil))
		}
		b.Run(fmt.Sprintf("domains=%d", n), func(b *testing.B) { pairs(b, o, domains) })
	}
}

// pairs alternates: rpc in one call, rpc in several calls, virsh.
func pairs(b *testing.B, o rpc.Options, domains []domstats.Domain) {
	args := []string{"-c", "qemu:///system", "domstats"}
	if o.Socket != "" {
		args[1] = "qemu+unix:///system?socket=" + o.Socket
	}
	var ours, single, virsh []float64
	for b.Loop() {
		ours = append(ours, timed(b, func() error { return ask(b.Context(), o, len(domains), (*rpc.Client).Collect) }))
		single = append(single, timed(b, func() error { return ask(b.Context(), o, len(domains), (*rpc.Client).Stats) }))
		virsh = append(virsh, timed(b, func() error {
			out, err := exec.CommandContext(b.Context(), "virsh", args...).Output()
			if n := bytes.Count(out, []byte("Domain: ")); err != nil || n != len(domains) {
				return fmt.Errorf("virsh reports %d domains: %w", n, err)
			}
			return nil
		}))
	}
	ratios, singles := make([]float64, len(ours)), make([]float64, len(ours))
	for i := range ours {
		ratios[i], singles[i] = ours[i]/virsh[i], single[i]/virsh[i]
	}
	b.ReportMetric(median(ratios), "of-virsh")
	b.ReportMetric(median(singles), "one-call-of-virsh")
	b.ReportMetric(median(ours), "ours-ms")
	b.ReportMetric(median(virsh), "virsh-ms")
}

func ask(ctx context.Context, o rpc.Options, want int, query func(*rpc.Client, context.Context, []domstats.Domain, domstats.Group, uint32) ([]domstats.Record, error)) error {
	c, err := rpc.Open(ctx, o)
	if err != nil {
		return err
	}
	defer c.Close()
	records, err := query(c, ctx, nil, 0, 0)
	if err == nil && len(records) != want {
		err = fmt.Errorf("%d records", len(records))
	}
	return err
}

// timed returns milliseconds.
func timed(b *testing.B, f func() error) float64 {
	started := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return float64(time.Since(started).Microseconds()) / 1000
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
