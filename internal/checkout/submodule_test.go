// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"strings"
	"testing"
)

func TestMatchesPath(t *testing.T) {
	for _, c := range []struct {
		paths, name string
		want        bool
	}{
		{"", "sub", true},
		{"sub", "sub", true},
		{"sub/", "sub", true},
		{"./sub", "sub", true},
		{".", "sub", true},
		{":!.", "sub", false},
		{"other", "sub", false},
		{"lib", "lib/a", true},
		{"lib/", "lib/a", true},
		{"lib", "library", false},
		{"lib/*", "lib/a", true},
		{"lib/*", "lib/a/b", true},
		{"lib*", "lib/a", true},
		{"l?b/[ab]", "lib/a", true},
		{"l?b/[ab]", "lib/c", false},
		{":(exclude)sub", "sub", false},
		{":!sub/", "sub", false},
		{":^lib", "lib/a", false},
		{":^lib", "sub", true},
		{"lib :!lib/a", "lib/a", false},
		{"lib :!lib/a", "lib/b", true},
		{":!lib/*", "lib/b", false},
		{"lib{a,b}*", "liba", false},
		{"lib{a,b}*", "lib{a,b}c", true},
		{"lib[\\{]a", "lib{a", true},
		{strings.Repeat("{a,a}", 40) + "*b", strings.Repeat("a", 40), false},
	} {
		if got := matchesPath(strings.Fields(c.paths), c.name); got != c.want {
			t.Errorf("%q, %q: %v", c.paths, c.name, got)
		}
	}
}
