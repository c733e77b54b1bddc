// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"flag"
	"os"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

var (
	uri    = flag.String("uri", "qemu:///system", "the daemon to test")
	socket = flag.String("socket", "", "its socket, when that is not the usual one")
	only   = flag.String("cases", "*", "patterns of case ids, with commas")
	parent = flag.String("dir", os.TempDir(), "a folder that daemon and test share")
	jobs   = flag.Int("jobs", 2, "cases side by side")
)

// No case fails against the daemon at hand.
func TestSuite(t *testing.T) {
	owner, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	o := rpc.Options{URI: *uri, Socket: *socket}
	if removed, err := Sweep(t.Context(), &o, *parent); err != nil || len(removed) > 0 {
		t.Logf("left behind by an earlier run: %q, %v", removed, err)
	}
	dir, err := owner.MakeDir(*parent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cases, err := suite.Select(suite.Cases(), strings.Split(*only, ",")...)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := suite.Run(t.Context(), suite.Options{
		Stack: New(Options{RPC: o, Dir: dir}), Cases: cases, Prefix: owner.Prefix(), Jobs: *jobs,
		Done: func(r suite.Result) {
			t.Logf("%-7s %6.2fs %s %s", r.ID, r.Duration.Seconds(), r.Verdict(), strings.Join(r.Messages, "; "))
			if r.Status == suite.Fail {
				t.Fail()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("libvirt %s, QEMU %s, %s: pass %d, fail %d, skip %d, known %d, fixed %d", rep.Libvirt, rep.QEMU, rep.Took, rep.Count(suite.Pass),
		rep.Count(suite.Fail), rep.Count(suite.Skip), rep.Count(suite.Known), rep.Count(suite.Fixed))
	// What the run made is gone.
	c, err := rpc.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	domains, err := c.Domains(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range domains {
		if strings.HasPrefix(d.Name, owner.Prefix()) {
			t.Errorf("%s is left behind", d.Name)
		}
	}
}
