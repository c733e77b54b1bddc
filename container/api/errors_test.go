// SPDX-License-Identifier: GPL-2.0-or-later

package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{&ExitError{"c", 3}, 3},
		{fmt.Errorf("x: %w", &ExitError{"c", 143}), 143},
		{&EngineError{Op: "x", Code: 127, Err: errors.New("y")}, 127},
		{&EngineError{Op: "x", Err: errors.New("y")}, 1},
		{&NoImageError{"x"}, 1},
		{errors.New("x"), 1},
		{ErrTimeout, 124},
		{fmt.Errorf("x: %w", ErrTimeout), 124},
	} {
		if got := Status(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

func TestBuildErrorHasTheRegistrysReason(t *testing.T) {
	const text = `2 errors occurred while pulling:
 * initializing source docker://a.example/x:1: pinging container registry a.example: no such host
 * initializing source docker://b.example/x:1: reading manifest 1 in b.example/x: authentication required
`
	err := &BuildError{Tag: "t", Base: "b.example/x:1", BaseMissing: true, Text: text}
	if want := "cannot build image t: base image b.example/x:1 is not here and cannot be pulled: reading manifest 1 in b.example/x: authentication required"; err.Error() != want {
		t.Errorf("got %q", err)
	}
	if got := Hint(err); !strings.Contains(got, "podman login b.example") {
		t.Errorf("hint %q", got)
	}
}
