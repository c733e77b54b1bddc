// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestVariableSet compares sets with maps, in which a job's own variables override the
// shared ones.
func TestVariableSet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not for secrets
	for range 500 {
		want := map[string]Variable{}
		some := func(value string) []Variable {
			var list []Variable
			for _, name := range random.Perm(8)[:random.IntN(9)] {
				v := Variable{Name: string(rune('A' + name)), Value: value}
				list, want[v.Name] = append(list, v), v
			}
			return list
		}
		s := VariableSet{NewVariableSet(some("shared")...).own, nil}
		s.own = NewVariableSet(some("own")...).own
		var got []Variable
		for v := range s.All() {
			got = append(got, v)
		}
		var sorted []Variable
		for _, name := range slices.Sorted(maps.Keys(want)) {
			sorted = append(sorted, want[name])
		}
		if !slices.Equal(got, sorted) {
			t.Fatalf("shared %v, own %v: got %v, want %v", s.shared, s.own, got, sorted)
		}
		for _, name := range []string{"", "A", "B", "C", "D", "E", "F", "G", "H", "I"} {
			v, ok := s.Get(name)
			if has, wanted := want[name]; v != has || ok != wanted {
				t.Fatalf("shared %v, own %v: %s is %v, %v", s.shared, s.own, name, v, ok)
			}
		}
		for v := range s.All() {
			if v.Name > "D" {
				break
			}
		}
	}
}
