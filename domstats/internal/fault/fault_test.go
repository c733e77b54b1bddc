// SPDX-License-Identifier: GPL-2.0-or-later

package fault_test

import (
	"fmt"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/internal/fault"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

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
	if n := len(fault.Faults()); n != 165 {
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
		// Records without the statistic that a fault changes keep their number.
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
