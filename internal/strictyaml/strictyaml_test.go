// SPDX-License-Identifier: GPL-2.0-or-later

package strictyaml_test

import (
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/strictyaml"
)

func TestUnmarshal(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: &x {b: 1}\nc: *x\n", ""},
		{"# only a comment\na: [1, \"2\"]\n", ""},
		{"a: &x 1\nb: {c: [&x 2]}\n", `line 2: anchor "x" appears twice, first in line 1`},
		{"a: *x\n", "x"},
		{"a: 1\nb: 2\na: 3\n", `"a" already defined`},
		{"a: {b: 1, b: 2}\n", `"b" already defined`},
		{"a: 1\n---\nb: 2\n", "2 documents"},
		{"a:\t1\n", "a tab"},
		{"a: 1\r\n", "carriage return"},
		{"a: 1", "no end"},
		{"a: [\n", "["},
	} {
		err := strictyaml.Unmarshal([]byte(c.text), nil)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
	var value struct{ A []string }
	if err := strictyaml.Unmarshal([]byte("a: [b, c]\n"), &value); err != nil || strings.Join(value.A, "") != "bc" {
		t.Errorf("got %+v, %v", value, err)
	}
}
