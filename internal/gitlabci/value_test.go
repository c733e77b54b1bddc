// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestMerged: mappings of any size are merged key by key, in the order of the keys, and
// stay as they are themselves.
func TestMerged(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not for secrets
	some := func(what string) *value {
		v := &value{kind: mapping}
		v.pos.File = what
		for _, key := range random.Perm(40)[:random.IntN(41)] {
			v.fields = append(v.fields, field{key: fmt.Sprint(key), value: &value{kind: text, text: what}})
		}
		return v
	}
	for range 500 {
		base, over := some("base"), some("over")
		want := map[string]string{}
		var order []string
		for _, v := range []*value{base, over} {
			for _, f := range v.fields {
				if _, ok := want[f.key]; !ok {
					order = append(order, f.key)
				}
				want[f.key] = f.value.text
			}
		}
		before := base.json() + over.json()
		got := merged(base, over)
		if len(got.fields) != len(order) || got.pos != over.pos || base.json()+over.json() != before {
			t.Fatalf("%s over %s: %s", over.json(), base.json(), got.json())
		}
		for i, f := range got.fields {
			if f.key != order[i] || f.value.text != want[f.key] {
				t.Fatalf("%s over %s: %s", over.json(), base.json(), got.json())
			}
		}
	}
}
