// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/agnivade/levenshtein"
)

// Names that are skipped to save time would not have been chosen.
func TestNearestAgainstAll(t *testing.T) {
	var known []string
	for _, a := range []string{"lib", "Lib", "python3-", "perl-", "x", ""} {
		for _, b := range []string{"zlib", "gnutls", "gnutls28", "ncurses", "ncursesw5", "a", "ab", "abc", "zz"} {
			for _, c := range []string{"", "-dev", "-devel", "1", "2.0"} {
				known = append(known, a+b+c)
			}
		}
	}
	for _, name := range []string{"libgnutls-dev", "zlib1g-dev", "python3-gnutls", "q", "libncursesw-devel", "xyzzy-xyzzy"} {
		res := Result{Name: name, Status: Missing}
		s := &nearestSearch{wanted: []*wantedName{newWanted(name, &res)}, work: maxWork}
		for _, k := range known {
			s.consider(record{name: k})
			s.consider(record{name: k}) // several versions are one name
		}
		s.finish()
		var want []candidate
		for _, k := range known {
			if d := levenshtein.ComputeDistance(name, k); d <= max(2, len(name)/3) {
				want = append(want, candidate{k, d})
			}
		}
		slices.SortFunc(want, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
		})
		want = slices.Compact(want)
		var names []string
		for _, c := range want[:min(len(want), 3)] {
			names = append(names, c.name)
		}
		if !slices.Equal(res.Nearest, names) {
			t.Errorf("%s: %q, not %q", name, res.Nearest, names)
		}
	}
}

// TestNearestOfAHostileIndex: millions of names that are like the missing ones take
// limited time. Names that came before are still found.
func TestNearestOfAHostileIndex(t *testing.T) {
	m, err := newMatcher([]string{strings.Repeat("a", 60), "zlib"}, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	s := m.nearest()
	s.work /= 1 << 10
	s.consider(record{name: "zlib1"})
	n := 0
	for ; s.work > 0 && n < 1<<20; n++ {
		s.consider(record{name: fmt.Sprintf("%s%05d", strings.Repeat("a", 55), n%100000)})
	}
	if n == 0 || n == 1<<20 {
		t.Errorf("%d names were compared", n)
	}
	s.consider(record{name: "zlib"})
	s.finish()
	if got := m.results[1].Nearest; len(got) != 1 || got[0] != "zlib1" {
		t.Errorf("nearest %q", got)
	}
}
