// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// cleanupLimit is only a guard against a hang.
const cleanupLimit = 3 * time.Minute

func openDaemon(t testing.TB) *rpc.Client {
	t.Helper()
	c, err := rpc.Open(t.Context(), rpc.Options{URI: *uri, Socket: *socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func domainNames(t *testing.T, c *rpc.Client) []string {
	t.Helper()
	domains, err := c.Domains(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range domains {
		names = append(names, d.Name)
	}
	return names
}

// An interrupted run ends soon with a result for every case and leaves no domain, even if a
// stopped QEMU holds a job.
func TestInterruptedRunLeavesNothing(t *testing.T) {
	owner, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := owner.MakeDir(*parent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cases, err := suite.Select(suite.Cases(), "CON-0[2-5]", "BLK-0*", "STA-0*", "API-0*")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var done int
	var interrupted time.Time
	rep, err := suite.Run(ctx, suite.Options{
		Stack: New(Options{RPC: rpc.Options{URI: *uri, Socket: *socket}, Dir: dir}), Cases: cases, Prefix: owner.Prefix(), Jobs: 4,
		Done: func(suite.Result) {
			if done++; done == 8 {
				interrupted = time.Now()
				cancel()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(interrupted); took > cleanupLimit {
		t.Errorf("it ended %s after the interrupt", took)
	}
	skipped := 0
	for _, r := range rep.Results {
		switch {
		case r.Status == suite.Fail || r.Status == "":
			t.Errorf("%s: %q %s", r.ID, r.Verdict(), strings.Join(r.Messages, "; "))
		case r.Reason == "interrupted":
			skipped++
		}
	}
	if skipped == 0 {
		t.Error("nothing was interrupted")
	}
	for _, name := range domainNames(t, openDaemon(t)) {
		if strings.HasPrefix(name, owner.Prefix()) {
			t.Errorf("%s is left behind", name)
		}
	}
}

// The next run removes running, stopped and defined domains of a killed run. Domains of
// other runs stay.
func TestSweepRemovesTheDomainsOfTheDead(t *testing.T) {
	owner, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	c := openDaemon(t)
	dead := fmt.Sprintf("lcstats-%s-4194304-1.", owner.place) // above the highest pid
	for _, name := range []string{dead + "running", dead + "stopped", "lcstats-of-somebody", owner.Prefix() + "mine"} {
		paused(t, c, name, nil)
	}
	pid, err := findQEMU(dead + "stopped")
	if err != nil {
		t.Fatal(err)
	}
	if err := (process{pid}).Signal(suite.SigStop); err != nil {
		t.Fatal(err)
	}
	xml, err := guest.Spec{Name: dead + "defined", MemoryKiB: 16384}.XML()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Define(t.Context(), xml); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, strings.TrimSuffix(dead, ".")), 0o700); err != nil {
		t.Fatal(err)
	}

	removed, err := Sweep(t.Context(), &rpc.Options{URI: *uri, Socket: *socket}, folder)
	if err != nil || len(removed) != 4 {
		t.Errorf("removed %q, %v", removed, err)
	}
	left := domainNames(t, c)
	for name, stays := range map[string]bool{
		dead + "running": false, dead + "stopped": false, dead + "defined": false, "lcstats-of-somebody": true, owner.Prefix() + "mine": true,
	} {
		if slices.Contains(left, name) != stays {
			t.Errorf("%s: is there is %t", name, !stays)
		}
	}
	if again, err := Sweep(t.Context(), &rpc.Options{URI: *uri, Socket: *socket}, folder); err != nil || len(again) > 0 {
		t.Errorf("a second time it removed %q, %v", again, err)
	}
}

// paused creates a small domain without a workload and destroys it at the end of the test.
func paused(t testing.TB, c *rpc.Client, name string, change func(*guest.Spec)) domstats.Domain {
	t.Helper()
	s := guest.Spec{Name: name, MemoryKiB: 16384}
	if change != nil {
		change(&s)
	}
	xml, err := s.XML()
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Create(t.Context(), xml, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupLimit)
		defer cancel()
		if err := c.Destroy(ctx, d); err != nil && domstats.ErrorCode(err) != domstats.CodeNoDomain {
			t.Error(err)
		}
	})
	return d
}
