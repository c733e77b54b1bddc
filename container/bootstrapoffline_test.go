// SPDX-License-Identifier: GPL-2.0-or-later

package container

import "testing"

func TestBootstrapSourcesOnThisMachine(t *testing.T) {
	for _, c := range []struct {
		sources []string
		want    bool
	}{
		{[]string{"deb file:/srv/debian bookworm main"}, true},
		{[]string{"deb [trusted=yes] file:///srv/debian bookworm main", "deb copy:/srv/more bookworm main"}, true},
		{[]string{"deb http://mirror.example/debian bookworm main"}, false},
		{[]string{"deb file:/srv/debian bookworm main", "deb https://mirror.example/debian bookworm main"}, false},
		{[]string{"deb [signed-by=/etc/file:/x] https://mirror.example/debian bookworm main"}, false},
		{[]string{"deb nothing"}, false},
	} {
		if got := (BootstrapOptions{Sources: c.sources}).local(); got != c.want {
			t.Errorf("%q: %v, want %v", c.sources, got, c.want)
		}
	}
}
