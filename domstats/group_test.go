// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"strings"
	"testing"
)

func TestParseGroups(t *testing.T) {
	for _, c := range []struct {
		names string
		want  Group
	}{{"", 0}, {"cpu", GroupCPU}, {"cpu state", GroupCPU | GroupState}, {"cpu cpu", GroupCPU}} {
		if got, err := ParseGroups(strings.Fields(c.names)); err != nil || got != c.want {
			t.Errorf("%q: %v, %v", c.names, got, err)
		}
	}
	for _, names := range []string{"cpus", "cpu none", "CPU"} {
		if got, err := ParseGroups(strings.Fields(names)); err == nil || !strings.Contains(err.Error(), "choose from state, cpu, ") {
			t.Errorf("%q: %v, %v", names, got, err)
		}
	}
}
