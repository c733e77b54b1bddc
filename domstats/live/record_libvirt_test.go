// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

var record = flag.String("record", "", "a file to write the recording to")

type passthrough struct {
	c *rpc.Client
	d domstats.Domain
}

func (p passthrough) Execute(ctx context.Context, command string) (string, error) {
	return p.c.Monitor(ctx, p.d, command, false)
}

// A paused guest of two busy vCPUs of four passes every check of a recording, with KVM or, where
// this machine has none, emulated. With -record, the recording is written for machines without
// libvirt.
func TestRecording(t *testing.T) {
	owner, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := owner.MakeDir(*parent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	rom := filepath.Join(dir, "rom")
	if err := os.WriteFile(rom, guest.ROM(), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := rpc.Open(t.Context(), rpc.Options{URI: *uri, Socket: *socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	noKVM := newHost(Options{}).Missing(suite.NeedKVM)
	spec := guest.Spec{Name: owner.Prefix() + "recording", KVM: noKVM == "", VCPUs: 2, MaxVCPUs: 4, ROM: rom, Serial: filepath.Join(dir, "port")}
	xml, err := spec.XML()
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
		if err := c.Destroy(ctx, d); err != nil {
			t.Error(err)
		}
	})
	port, err := guest.Connect(t.Context(), spec.Serial)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	if err := c.Resume(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"o", "c", "D", "1", "o"} {
		if err := port.Do(t.Context(), command); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Suspend(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	r := take(t, c, d)
	if faults, err := r.Check(domstats.NewCatalogue()); err != nil || len(faults) > 0 {
		t.Errorf("%q, %v", faults, err)
	}
	if extended := len(r.Record.Names("vm.")) > 0; extended != (noKVM == "") {
		t.Errorf("extended statistics: %t; KVM is missing: %q", extended, noKVM)
	}
	if *record != "" {
		if noKVM != "" {
			t.Fatalf("a recording needs KVM: %s", noKVM)
		}
		r.Record.Domain.Name = "recording"
		b, err := json.MarshalIndent(r, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*record, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func take(t *testing.T, c *rpc.Client, d domstats.Domain) domstats.Recording {
	t.Helper()
	ask := func(command string, arguments any) json.RawMessage {
		var raw json.RawMessage
		if err := qmp.Call(t.Context(), passthrough{c, d}, command, arguments, &raw); err != nil {
			t.Fatal(err)
		}
		return raw
	}
	stats := func() domstats.RecordedStats {
		return domstats.RecordedStats{VM: ask("query-stats", map[string]string{"target": "vm"}),
			VCPU: ask("query-stats", map[string]string{"target": "vcpu"})}
	}
	libvirt, err := c.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	qemu, err := c.HypervisorVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	r := domstats.Recording{Libvirt: libvirt.String(), QEMU: qemu.String(), Kernel: strings.TrimSpace(string(kernel)), Paused: true,
		Schema: ask("query-stats-schemas", nil), CPUs: ask("query-cpus-fast", nil), Before: stats()}
	records, err := c.Stats(t.Context(), []domstats.Domain{d}, 0, 0)
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	r.Record, r.After = records[0], stats()
	return r
}
