// SPDX-License-Identifier: GPL-2.0-or-later

package fault_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/internal/fault"
	"gitlab.com/lcitool/lcitool/domstats/internal/model"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// run drives all cases against a stack and returns the verdicts by id; only
// some when a quick answer is wanted.
func run(t *testing.T, s suite.Stack, some []string) map[string]suite.Result {
	t.Helper()
	if !testing.Short() {
		some = nil
	}
	cases, err := suite.Select(suite.Cases(), some...)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := suite.Run(t.Context(), suite.Options{Stack: s, Cases: cases, Prefix: "lcstats-fault-1-1.", Jobs: 4})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]suite.Result{}
	for _, r := range rep.Results {
		out[r.ID] = r
	}
	return out
}

// Every fault is seen by every case that is there to see it, and no case
// breaks down over any.
func TestMutationScore(t *testing.T) {
	caught, all := 0, fault.Faults()
	for _, f := range all {
		t.Run(f.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := model.New()
				results := run(t, fault.Wrap(m, f), f.Caught)
				for _, id := range f.Caught {
					if r := results[id]; r.Status != suite.Fail {
						t.Errorf("%s (%s): %s is %s", f.ID, f.What, id, r.Verdict())
					}
				}
				for id, r := range results {
					for _, text := range r.Messages {
						if strings.Contains(text, "broke down") || strings.Contains(text, "did not end") {
							t.Errorf("%s: %s: %s", f.ID, id, text)
						}
					}
				}
				if left := m.Domains(); !slices.Equal(left, []string{"bystander"}) {
					t.Errorf("%s: left behind: %q", f.ID, left)
				}
			})
			if !t.Failed() {
				caught++
			}
		})
	}
	fmt.Printf("mutation score: %d of %d faults caught\n", caught, len(all))
	if caught != len(all) {
		t.Errorf("%d of %d faults caught", caught, len(all))
	}
}

// A libvirt that is newer than the catalogue fails no case, and what it has
// more is told.
func TestNewerLibvirt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rep, err := suite.Run(t.Context(), suite.Options{
			Stack: fault.Wrap(model.New(), fault.Newer()), Cases: suite.Cases(), Prefix: "lcstats-fault-1-1.", Jobs: 4,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rep.Results {
			if r.Status == suite.Fail {
				t.Errorf("%s: %s", r.ID, strings.Join(r.Messages, "; "))
			}
		}
		if !slices.Contains(rep.Unknown, "balloon.novelty") || !slices.Contains(rep.Unknown, "block.novelty") {
			t.Errorf("unknown: %q", rep.Unknown)
		}
	})
}

func TestFaultsAreNumbered(t *testing.T) {
	ids := map[string]bool{}
	for _, c := range suite.Cases() {
		ids[c.ID] = true
	}
	for i, f := range fault.Faults() {
		if f.ID != fmt.Sprintf("F%02d", i+1) || len(f.Caught) == 0 {
			t.Errorf("fault %d is %s, caught by %v", i+1, f.ID, f.Caught)
		}
		for _, id := range f.Caught {
			if !ids[id] {
				t.Errorf("%s: there is no case %s", f.ID, id)
			}
		}
	}
	if n := len(fault.Faults()); n != 51 {
		t.Errorf("%d faults", n)
	}
}

func TestRewriters(t *testing.T) {
	n := 0
	for _, f := range fault.Faults() {
		rewrite, ok := f.Rewriter()
		if !ok {
			continue
		}
		n++
		// Nothing may be too little to lie about.
		for _, records := range [][]domstats.Record{nil, {{}}, {{Params: []domstats.Param{domstats.NewParam("vcpu.current", uint32(1))}}}} {
			if got := rewrite(records); len(got) != len(records) {
				t.Errorf("%s: %d records became %d", f.ID, len(records), len(got))
			}
		}
	}
	if n < 20 {
		t.Errorf("%d faults can go over the wire", n)
	}
}
