// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package fault_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"gitlab.com/lcitool/lcitool/domstats/internal/fault"
	"gitlab.com/lcitool/lcitool/domstats/internal/model"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// soak lists cases that repeat calls for a long time; they run only with the faults that
// they must detect.
func soak() []string { return []string{"LIF-10", "CON-14", "CON-18", "CON-19", "DRT-12"} }

// complete lists faults that run with all cases also under the race detector: one of each
// kind.
func complete() []string { return []string{"F09", "F20", "F24", "F30", "F12"} }

// casesFor returns the cases that must detect a fault, and all others if there is time.
func casesFor(t *testing.T, f fault.Fault) []suite.Case {
	t.Helper()
	if raceDetector && !slices.Contains(complete(), f.ID) {
		cases, err := suite.Select(suite.Cases(), f.Caught...)
		if err != nil {
			t.Fatal(err)
		}
		return cases
	}
	return slices.DeleteFunc(suite.Cases(), func(c suite.Case) bool {
		return slices.Contains(soak(), c.ID) && !slices.Contains(f.Caught, c.ID)
	})
}

func meet(t *testing.T, f fault.Fault) {
	m := model.New()
	rep, err := suite.Run(t.Context(), suite.Options{Stack: fault.Wrap(m, f), Cases: casesFor(t, f), Prefix: "lcstats-fault-1-1.", Jobs: 4})
	if err != nil {
		t.Fatal(err)
	}
	failed := map[string]bool{}
	for _, r := range rep.Results {
		failed[r.ID] = r.Status == suite.Fail
		for _, text := range r.Messages {
			if strings.Contains(text, "broke down") || strings.Contains(text, "did not end") {
				t.Errorf("%s: %s: %s", f.ID, r.ID, text)
			}
		}
	}
	for _, id := range f.Caught {
		if !failed[id] {
			t.Errorf("%s (%s): %s did not fail", f.ID, f.What, id)
		}
	}
	if left := m.Domains(); !slices.Equal(left, []string{"bystander"}) {
		t.Errorf("%s: left behind: %q", f.ID, left)
	}
}

// Each case detects the faults that list it, and no case panics because of a fault.
func TestMutationScore(t *testing.T) {
	var caught atomic.Int64
	all := fault.Faults()
	t.Run("faults", func(t *testing.T) {
		for _, f := range all {
			t.Run(f.ID, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { meet(t, f) })
				if !t.Failed() {
					caught.Add(1)
				}
			})
		}
	})
	fmt.Printf("mutation score: %d of %d faults caught\n", caught.Load(), len(all))
}

// A libvirt newer than the catalogue fails no case; its additional statistics are reported.
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
