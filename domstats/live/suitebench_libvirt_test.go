// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"flag"
	"os/exec"
	"syscall"
	"testing"
)

var program = flag.String("program", "", "an lcitool whose stats check is to be measured")

// BenchmarkSuite runs the suite as a separate process, which takes minutes, and reports its
// peak memory.
func BenchmarkSuite(b *testing.B) {
	if *program == "" {
		b.Skip("no -program is given")
	}
	var peak float64
	for b.Loop() {
		args := []string{"stats", "check", "--connect", *uri, "--jobs", "2", "--dir", *parent}
		if *socket != "" {
			args = append(args, "--socket", *socket)
		}
		cmd := exec.CommandContext(b.Context(), *program, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			peak = max(peak, float64(usage.Maxrss)/1024)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/run")
	b.ReportMetric(peak, "peak-MiB")
	b.ReportMetric(0, "ns/op")
}
