// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	known := []string{"alpine-323", "debian-12", "debian-13", "debian-sid", "fedora-44"}
	for _, test := range []struct{ patterns, want, err string }{
		{"debian-13", "debian-13", ""},
		{"nosuch", "nosuch", ""},
		{"debian-*", "debian-12 debian-13 debian-sid", ""},
		{"debian-1? fedora-44", "debian-12 debian-13 fedora-44", ""},
		{"debian-13 debian-* debian-12", "debian-13 debian-12 debian-sid", ""},
		{"[af]*", "alpine-323 fedora-44", ""},
		{"suse-*", "", `no target matches "suse-*"`},
		{"[", "", `target "[" is no pattern of names`},
	} {
		got, err := Expand(strings.Fields(test.patterns), known)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if strings.Join(got, " ") != test.want || text != test.err {
			t.Errorf("%s: %q, %v", test.patterns, got, err)
		}
	}
	if got, err := Expand(nil, known); got != nil || err != nil {
		t.Errorf("of nothing: %q, %v", got, err)
	}
}
