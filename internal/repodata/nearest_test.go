// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"cmp"
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
		s := &nearestSearch{wanted: []*wantedName{newWanted(name, &res)}}
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
