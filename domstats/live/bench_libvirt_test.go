// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
)

// BenchmarkAllGroups asks for everything about 1, 10 and 50 domains, once with
// a connection of our own and once with virsh, pair by pair, and prints what
// ours takes of virsh's time.
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

func pairs(b *testing.B, o rpc.Options, domains []domstats.Domain) {
	args := []string{"-c", "qemu:///system", "domstats"}
	if o.Socket != "" {
		args[1] = "qemu+unix:///system?socket=" + o.Socket
	}
	for _, d := range domains {
		args = append(args, d.Name)
	}
	var ours, virsh time.Duration
	for b.Loop() {
		started := time.Now()
		c, err := rpc.Open(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		records, err := c.Stats(b.Context(), domains, 0, 0)
		c.Close()
		if err != nil || len(records) != len(domains) {
			b.Fatalf("%d records, %v", len(records), err)
		}
		ours += time.Since(started)

		started = time.Now()
		if out, err := exec.CommandContext(b.Context(), "virsh", args...).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		virsh += time.Since(started)
	}
	b.ReportMetric(float64(ours)/float64(virsh), "of-virsh")
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ours-ms")
	b.ReportMetric(float64(virsh.Milliseconds())/float64(b.N), "virsh-ms")
}
