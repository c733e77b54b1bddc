// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	listed, lines := List([]Case{{ID: "A-01", Title: "first", Needs: []Need{"kvm", "perf"}}, {ID: "A-02", Title: "second"}})
	if len(listed) != 2 || listed[0].ID != "A-01" || listed[0].Title != "first" || len(listed[0].Needs) != 2 {
		t.Errorf("%+v", listed)
	}
	if !strings.HasPrefix(lines[0], "A-01    first ") || !strings.HasSuffix(lines[0], "  kvm perf") || !strings.HasPrefix(lines[1], "A-02    second") {
		t.Errorf("%q", lines)
	}
	if listed, lines = List(nil); listed == nil || len(lines) != 0 {
		t.Errorf("no cases: %v, %q", listed, lines)
	}
}
