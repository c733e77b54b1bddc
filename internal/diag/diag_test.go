// SPDX-License-Identifier: GPL-2.0-or-later

package diag

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"testing"
)

func TestJoinOrdersFaultsAndDropsDoubles(t *testing.T) {
	at := func(file string, line, column int) *Error {
		return Errorf(Position{file, line, column}, "fault %d.%d", line, column)
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

// TestParts: Parts splits a joined error in order, and Leaves also splits wrapped ones.
func TestParts(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b"), errors.New("c")
	joined := errors.Join(a, errors.Join(b, nil))
	wrapped := fmt.Errorf("in a file: %w", errors.Join(b, c))
	for _, test := range []struct {
		err           error
		parts, leaves []error
	}{
		{nil, nil, nil},
		{a, []error{a}, []error{a}},
		{joined, []error{a, b}, []error{a, b}},
		{errors.Join(a, wrapped), []error{a, wrapped}, []error{a, b, c}},
	} {
		if got := Parts(test.err); !slices.Equal(got, test.parts) {
			t.Errorf("parts of %v: %v", test.err, got)
		}
		if got := Leaves(test.err); !slices.Equal(got, test.leaves) {
			t.Errorf("leaves of %v: %v", test.err, got)
		}
	}
}

func TestCause(t *testing.T) {
	cause := errors.New("no")
	for _, err := range []error{
		cause, &fs.PathError{Op: "open", Path: "p", Err: cause}, &os.LinkError{Op: "link", Err: cause},
		fmt.Errorf("x: %w", &url.Error{Op: "Get", URL: "http://x", Err: cause}),
	} {
		if got := Cause(err); got != cause { //nolint:errorlint // the very error is wanted
			t.Errorf("%v: %v", err, got)
		}
	}
}

func TestHint(t *testing.T) {
	err := errors.New("no")
	if got := WithHint(err, ""); got != err || Hint(got) != "" || WithHint(nil, "x") != nil { //nolint:errorlint // the very error is wanted
		t.Errorf("without advice: %v", got)
	}
	if got := fmt.Errorf("x: %w", WithHint(err, "do so")); Hint(got) != "do so" || got.Error() != "x: no" || !errors.Is(got, err) {
		t.Errorf("%v, %q", got, Hint(got))
	}
}
