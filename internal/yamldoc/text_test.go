// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

import (
	"fmt"
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	long := strings.Repeat("é", 4000)
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"zlib", "zlib"},
		{`it's "x" \`, `it's "x" \`},
		{"a\nb", `a\nb`},
		{"a\nb \"c\"", `a\nb "c"`},
		{"a\x00", `a\x00`},
		{"a\u2028", `a\u2028`},
		{long, strings.Repeat("é", 60) + "…"},
	} {
		if got := OneLine(c.in); got != c.want {
			t.Errorf("OneLine(%.20q): got %q, want %q", c.in, got, c.want)
		}
	}
	if got, want := Quote("a\"\n"), fmt.Sprintf("%q", "a\"\n"); got != want {
		t.Errorf("Quote: got %s, want %s", got, want)
	}
}
