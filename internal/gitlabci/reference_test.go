// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "testing"

// TestReferencesInLists: a missing reference leaves no item, an empty item of the list
// itself stays. A value without references stays the same value, and no value changes.
func TestReferencesInLists(t *testing.T) {
	word := func(s string) *value { return &value{kind: text, text: s} }
	items := func(of kind, items ...*value) *value { return &value{kind: of, items: items} }
	there, missing := items(reference, word("x"), word("k")), items(reference, word("x"), word("none"))
	c := &config{top: map[string]*value{"x": {kind: mapping, fields: []field{{key: "k", value: word("found")}}}}}
	for _, test := range []struct {
		in   *value
		want string
	}{
		{items(list), `[]`},
		{items(list, word("a"), &value{}), `["a",null]`},
		{items(list, word("a"), &value{}, there, &value{}, word("b")), `["a",null,"found",null,"b"]`},
		{items(list, missing), `[]`},
		{items(list, word("a"), missing, &value{}, word("b"), there), `["a",null,"b","found"]`},
		{items(list, word("a"), items(list, there), word("b"), items(list)), `["a",["found"],"b",[]]`},
		{&value{kind: mapping, fields: []field{{key: "a", value: word("1")}, {key: "b", value: there}, {key: "c", value: missing}}}, `{"a":"1","b":"found","c":null}`},
		{&value{kind: mapping, fields: []field{{key: "a", value: items(list, word("1"), &value{})}}}, `{"a":["1",null]}`},
	} {
		r := &referrer{c: c, done: map[*value]resolved{}}
		before := test.in.json()
		got := r.resolve(test.in)
		if got.json() != test.want || test.in.json() != before {
			t.Errorf("%s became %s, want %s, and was %s", test.in.json(), got.json(), test.want, before)
		}
		if (got == test.in) != (before == test.want) {
			t.Errorf("%s: the same value is %v", before, got == test.in)
		}
	}
}

// TestMissingReferenceOfTwoJobs: each job that reaches a missing reference lacks it.
func TestMissingReferenceOfTwoJobs(t *testing.T) {
	e := explained(t, `
.a: {script: [x, !reference [none, k]]}
one: {script: !reference [.a, script]}
two: {script: [y, !reference [.a, script]]}
`, nil)
	about := map[string]int{}
	for _, p := range e.Problems {
		about[p.Job]++
	}
	if about["one"] != 1 || about["two"] != 1 {
		t.Errorf("problems %v: %v", about, e.Problems)
	}
}
