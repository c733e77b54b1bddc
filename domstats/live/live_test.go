// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

func TestNetDev(t *testing.T) {
	const table = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0
 vnet1:384 6 0 6 0 0 0 0 1000 9 0 0 0 0 0 0
 short: 1 2 3
 wrong: a 6 0 6 0 0 0 0 1000 9 0 0 0 0 0 0
`
	want := suite.NetCounts{RxBytes: 384, RxPackets: 6, RxDropped: 6, TxBytes: 1000, TxPackets: 9}
	if got, err := netDev(table, "vnet1"); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, name := range []string{"vnet", "vnet10", "short", "wrong", ""} {
		if got, err := netDev(table, name); err == nil {
			t.Errorf("%q: got %+v", name, got)
		}
	}
}

func TestOwner(t *testing.T) {
	o, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		o.String():             false,
		o.Prefix() + "api01-1": false,
		fmt.Sprintf("lcstats-%s-%d-1.x", o.place, o.pid): true, // our pid, another start
		fmt.Sprintf("lcstats-%s-4194304-1", o.place):     true, // above the highest pid
		"lcstats-00000000-4194304-1":                     false,
		fmt.Sprintf("lcstats-%s-4194304", o.place):       false,
		fmt.Sprintf("my-lcstats-%s-4194304-1", o.place):  false,
		"web-server": false,
	} {
		if got := dead(name, o.place); got != want {
			t.Errorf("%q: got %t", name, got)
		}
	}
}

func TestSweepRemovesOnlyWhatIsDead(t *testing.T) {
	o, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	parent := filepath.Join(t.TempDir(), "run[")
	left := fmt.Sprintf("lcstats-%s-4194304-1", o.place)
	for _, name := range []string{left, "lcstats-mine", "photos"} {
		if err := os.MkdirAll(filepath.Join(parent, name, "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	own, err := o.MakeDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	removed, err := Sweep(t.Context(), nil, parent)
	if err != nil || len(removed) != 1 || filepath.Base(removed[0]) != left {
		t.Errorf("removed %q, %v", removed, err)
	}
	for _, stays := range []string{own, filepath.Join(parent, "lcstats-mine"), filepath.Join(parent, "photos")} {
		if _, err := os.Stat(stays); err != nil {
			t.Errorf("%v", err)
		}
	}
	if _, err := o.MakeDir(parent); err == nil {
		t.Error("the same folder was made twice")
	}
}

func TestURIs(t *testing.T) {
	for in, want := range map[string]string{"qemu:///system": "test:///default", "qemu+tcp://h:7/system": "test+tcp://h:7/default", "%": "test:///default"} {
		if got := testURI(in); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
	for uri, want := range map[string][2]bool{"qemu:///system": {}, "qemu:///session": {false, true}, "qemu+tcp://h/system": {true, false}} {
		o := Options{RPC: rpc.Options{URI: uri}}
		if got := [2]bool{o.remote(), o.session()}; got != want {
			t.Errorf("%q: got %v", uri, got)
		}
	}
}

func TestHostReadsProc(t *testing.T) {
	p := process{os.Getpid()}
	if _, _, err := p.Times(); err != nil {
		t.Error(err)
	}
	if _, err := p.ThreadTime(os.Getpid()); err != nil {
		t.Error(err)
	}
	if _, err := p.ThreadSystem(os.Getpid()); err != nil {
		t.Error(err)
	}
	if kib, err := p.Resident(); err != nil || kib == 0 {
		t.Errorf("%d KiB, %v", kib, err)
	}
	h := newHost(Options{})
	if up, err := h.Uptime(); err != nil || up <= 0 {
		t.Errorf("%s, %v", up, err)
	}
	if _, err := h.Process(t.Context(), "no such domain"); err == nil || !strings.Contains(err.Error(), "no QEMU") {
		t.Errorf("got %v", err)
	}
	if (process{4194304}).Signal(suite.SigCont) == nil {
		t.Error("a signal to nobody succeeded")
	}
}

func TestMissing(t *testing.T) {
	remote := newHost(Options{RPC: rpc.Options{URI: "qemu+tcp://h/system"}})
	for _, n := range []suite.Need{suite.NeedFiles, suite.NeedPID, suite.NeedTap, suite.NeedDaemon} {
		if remote.Missing(n) == "" {
			t.Errorf("a remote daemon offers %s", n)
		}
	}
	session := newHost(Options{RPC: rpc.Options{URI: "qemu:///session"}, Dir: "/d"})
	for n, missing := range map[suite.Need]bool{suite.NeedTap: true, suite.NeedRO: true, suite.NeedDaemon: true, suite.NeedPID: false, suite.NeedFiles: false} {
		if reason := session.Missing(n); (reason != "") != missing {
			t.Errorf("session daemon, %s: %q", n, reason)
		}
	}
}

func TestWriteFileGrows(t *testing.T) {
	h := newHost(Options{Dir: t.TempDir()})
	path, err := h.WriteFile("a.img", []byte("abc"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != 1<<20 || info.Mode().Perm() != 0o666 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := h.WriteFile("no/such/folder", nil, 0); err == nil {
		t.Error("no error")
	}
}
