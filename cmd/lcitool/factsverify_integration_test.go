// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration && !race

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/factscheck"
	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/targets"
)

// program returns a link to this test binary; under this name it runs as lcitool.
func program(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "lcitool")
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	return name
}

func verifyDebian(t testing.TB, program, home string, args ...string) ([]factscheck.Report, *os.ProcessState) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, append([]string{"facts", "verify", "--format", "json"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME=", "XDG_CONFIG_HOME=")
	cmd.Dir, cmd.Stdout, cmd.Stderr = home, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %v\n%s", args, err, stderr.String())
	}
	var reports []factscheck.Report
	if err := json.Unmarshal(stdout.Bytes(), &reports); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, stdout.String(), stderr.String())
	}
	return reports, cmd.ProcessState
}

// TestFactsVerifyDebian compares our facts with Debian's indexes, from the mirror of this
// machine.
func TestFactsVerifyDebian(t *testing.T) {
	t.Parallel()
	cases := []struct {
		args  []string
		names int // at least
	}{
		{[]string{"--target", "debian-12"}, 1000},
		// After a point release, mirrors may be incomplete for rare architectures; these two
		// are always consistent.
		{[]string{"--target", "debian-13", "--arch", "x86_64", "--arch", "aarch64"}, 600},
		{[]string{"--target", "debian-sid"}, 800},
	}
	lcitool, home := program(t), t.TempDir()
	for _, c := range cases {
		t.Run(c.args[1], func(t *testing.T) {
			reports, _ := verifyDebian(t, lcitool, home, c.args...)
			if len(reports) != 1 || len(reports[0].Names) < c.names {
				t.Fatalf("%d reports: %+v", len(reports), reports)
			}
			r := reports[0]
			for _, n := range r.Names {
				switch n.Status {
				case repodata.Missing:
					t.Errorf("%s has no %s: %s; %s", r.Target, n.Name, n.Where(), n.Note())
				case repodata.Virtual:
					t.Logf("%s: %s is %s", r.Target, n.Name, n.Note())
				}
			}
			if len(r.Signatures) == 0 || slices.ContainsFunc(r.Signatures, func(s factscheck.Signature) bool { return !s.Verified }) {
				t.Errorf("signatures are %+v", r.Signatures)
			}
			t.Logf("%s from %s: %+v, warnings %q", r.Target, r.Mirror, r.Counts, r.Warnings)
			offline, _ := verifyDebian(t, lcitool, home, append(c.args, "--offline")...)
			if len(offline) != 1 || offline[0].Counts != r.Counts {
				t.Errorf("offline: %+v, not %+v", offline[0].Counts, r.Counts)
			}
		})
	}
}

// TestCrossCompilersOfDebian compares every pair of architectures with Debian's indexes.
func TestCrossCompilersOfDebian(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: &stderr, Stderr: &stderr, Getenv: os.Getenv}}
	a.prepare()
	catalogue, err := a.workspace().Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	mirrors := a.mirrors()
	client, err := repodata.NewClient(repodata.Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"debian-12", "debian-13", "debian-sid"} {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		var checker factscheck.Checker
		for host, compilers := range release.Compilers {
			var names []string
			for _, cross := range targets.Arches() {
				if triplet := strings.ReplaceAll(cross.ABI(), "_", "-"); !cross.IsWindows() {
					names = append(names, "gcc-"+triplet, "g++-"+triplet)
				}
			}
			source := checker.Source(release, mirrors.For("", release), host)
			source.Pockets = nil // they bring no compilers
			report, err := client.Verify(t.Context(), source, names)
			if err != nil {
				t.Error(err)
				continue
			}
			for i, result := range report.Results {
				cross := targets.Arches()[slices.IndexFunc(targets.Arches(), func(a targets.Arch) bool {
					return strings.HasSuffix(names[i], "-"+strings.ReplaceAll(a.ABI(), "_", "-"))
				})]
				if there, want := result.Status == repodata.Present, slices.Contains(compilers, cross); there != want {
					t.Errorf("%s on %s: %s is %s, the facts say %v", name, host, names[i], result.Status, want)
				}
			}
		}
	}
}

// BenchmarkFactsVerify measures the program with a warm cache. It must stay below 2 s and
// 150 MiB; the first run, which fills the cache, below 150 MiB.
func BenchmarkFactsVerify(b *testing.B) {
	lcitool, home := program(b), b.TempDir()
	_, cold := verifyDebian(b, lcitool, home, "--target", "debian-12")
	var warm float64
	started, runs := time.Now(), 0
	for b.Loop() {
		_, state := verifyDebian(b, lcitool, home, "--target", "debian-12")
		warm = max(warm, memory(state))
		runs++
	}
	if each := time.Since(started) / time.Duration(runs); each > 2*time.Second {
		b.Errorf("takes %v", each)
	}
	if most := max(warm, memory(cold)); most > 150 {
		b.Errorf("takes %.0f MiB", most)
	}
	b.ReportMetric(memory(cold), "cold-MiB")
	b.ReportMetric(warm, "warm-MiB")
}

// memory returns the peak memory in MiB.
func memory(p *os.ProcessState) float64 {
	return float64(p.SysUsage().(*syscall.Rusage).Maxrss) / 1024
}
