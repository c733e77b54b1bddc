// SPDX-License-Identifier: GPL-2.0-or-later

//go:build libvirt

package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/internal/fault"
	"gitlab.com/lcitool/lcitool/domstats/internal/proxy"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// A proxy changes the answers of a real daemon; a case must detect each change.
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
	var caught, applicable atomic.Int64
	t.Run("faults", func(t *testing.T) {
		t.Run("none", func(t *testing.T) {
			t.Parallel()
			honest := func(records []domstats.Record) []domstats.Record { return records }
			count := through(t, owner.Prefix()+"none-", filepath.Join(dir, "none"), honest, firstCaught()...)
			if count[suite.Fail] > 0 {
				t.Error("cases fail though nothing is changed")
			}
		})
		for _, f := range fault.Faults() {
			rewrite, ok := f.Rewriter()
			if !ok {
				continue
			}
			t.Run(f.ID, func(t *testing.T) {
				t.Parallel()
				skipped := false
				for i, id := range f.Caught {
					count := through(t, fmt.Sprintf("%s%s-%d-", owner.Prefix(), f.ID, i), filepath.Join(dir, f.ID+"-"+id), rewrite, id)
					if count[suite.Fail] > 0 {
						caught.Add(1)
						applicable.Add(1)
						return
					}
					skipped = skipped || count[suite.Skip] > 0
				}
				if !skipped { // else the case that would see it cannot run here
					applicable.Add(1)
					t.Errorf("%s is not seen", f.What)
				}
			})
		}
	})
	if applicable.Load() == 0 {
		t.Error("no fault applies here")
	}
	t.Logf("mutation score over the wire: %d of %d faults caught", caught.Load(), applicable.Load())
}

func firstCaught() []string {
	var ids []string
	for _, f := range fault.Faults() {
		if _, ok := f.Rewriter(); ok {
			ids = append(ids, f.Caught[0])
		}
	}
	return ids
}

// through runs cases through a proxy that rewrites answers, and counts their results.
func through(t *testing.T, prefix, dir string, rewrite func([]domstats.Record) []domstats.Record, ids ...string) map[suite.Status]int {
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { // QEMU may run as another user
		t.Fatal(err)
	}
	daemon := *socket
	if daemon == "" {
		daemon = "/run/libvirt/libvirt-sock"
	}
	path := filepath.Join(dir, "proxy")
	p, err := proxy.Listen(path, daemon, proxy.Records(rewrite))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	cases, err := suite.Select(suite.Cases(), ids...)
	if err != nil {
		t.Fatal(err)
	}
	stack := New(Options{RPC: rpc.Options{URI: *uri, Socket: path}, Dir: dir})
	rep, err := suite.Run(t.Context(), suite.Options{Stack: stack, Cases: cases, Prefix: prefix, Jobs: *jobs})
	if err != nil {
		t.Fatal(err)
	}
	count := map[suite.Status]int{}
	for _, r := range rep.Results {
		count[r.Status]++
		t.Logf("%s is %s: %s", r.ID, r.Verdict(), strings.Join(r.Messages, "; "))
	}
	return count
}
