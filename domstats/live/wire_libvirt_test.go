// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats/fault"
	"gitlab.com/lcitool/lcitool/domstats/proxy"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// The real daemon with real domains, and a proxy in between that lies: each
// lie is seen by a case that is there to see it.
func TestLiesOverTheWire(t *testing.T) {
	owner, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := owner.MakeDir(*parent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	daemon := *socket
	if daemon == "" {
		daemon = "/run/libvirt/libvirt-sock"
	}
	caught, all := 0, 0
	for _, f := range fault.Faults() {
		rewrite, ok := f.Rewriter()
		if !ok {
			continue
		}
		all++
		path := filepath.Join(dir, f.ID)
		p, err := proxy.Listen(path, daemon, proxy.Records(rewrite))
		if err != nil {
			t.Fatal(err)
		}
		cases, err := suite.Select(suite.Cases(), f.Caught...)
		if err != nil {
			t.Fatal(err)
		}
		stack := New(Options{RPC: rpc.Options{URI: *uri, Socket: path}, Dir: dir})
		rep, err := suite.Run(t.Context(), suite.Options{Stack: stack, Cases: cases, Prefix: owner.Prefix(), Jobs: *jobs})
		if err != nil {
			t.Fatal(err)
		}
		count := map[suite.Status]int{}
		for _, r := range rep.Results {
			count[r.Status]++
			t.Logf("%s: %s is %s", f.ID, r.ID, r.Verdict())
		}
		switch {
		case count[suite.Fail] > 0:
			caught++
		case count[suite.Skip] > 0:
			// The case that would see it cannot run here.
			all--
		default:
			t.Errorf("%s (%s) is not seen", f.ID, f.What)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("mutation score over the wire: %d of %d faults caught", caught, all)
}
