// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"slices"
	"testing"
)

func TestMessages(t *testing.T) {
	var m messages
	for i := range 20 {
		m.add(fmt.Sprintf("vcpu.%d.time is missing", i))
	}
	for range 4 {
		m.add("block.0.fl.reqs is 4, not 5")
	}
	m.add("cannot connect")
	want := []string{"vcpu.0.time is missing", "vcpu.1.time is missing", "vcpu.2.time is missing", "block.0.fl.reqs is 4, not 5 (4 times)",
		"cannot connect", "… and 17 more like: vcpu.0.time is missing"}
	if got := m.lines(); !slices.Equal(got, want) || !m.any() {
		t.Errorf("got %q", got)
	}
	if none := (messages{}); none.any() || len(none.lines()) > 0 {
		t.Errorf("nothing gives %q", none.lines())
	}
}
