// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestJoinOrdersFaultsAndDropsDoubles(t *testing.T) {
	at := func(file string, line, column int) *Fault {
		return Faultf(Position{file, line, column}, "fault %d.%d", line, column)
	}
	err := Join(at("b", 1, 1), nil, errors.New("other"), errors.Join(at("a", 10, 1), at("a", 9, 2)), at("a", 9, 1), at("b", 1, 1))
	want := "a:9: fault 9.1\na:9: fault 9.2\na:10: fault 10.1\nb:1: fault 1.1\nother"
	if err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if err := Join(nil, nil); err != nil {
		t.Errorf("nothing joined is %v", err)
	}
}

func TestPositionIsOneLine(t *testing.T) {
	for _, c := range []struct {
		p    Position
		want string
	}{
		{Position{"a/b.yml", 3, 1}, "a/b.yml:3"},
		{Position{File: "a/b.yml"}, "a/b.yml"},
		{Position{"Füße/mit Lücke.yml", 3, 1}, "Füße/mit Lücke.yml:3"},
		{Position{"a\nb.yml", 3, 1}, `"a\nb.yml":3`},
		{Position{"a\x1b[31m.yml", 3, 1}, `"a\x1b[31m.yml":3`},
		{Position{"a\xff.yml", 3, 1}, `"a\xff.yml":3`},
		{Position{"a\u202e.yml", 3, 1}, `"a\u202e.yml":3`},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

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
