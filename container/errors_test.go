// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"fmt"
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
		{&noImageError{"x"}, 1},
		{errors.New("x"), 1},
		{ErrTimeout, 124},
		{fmt.Errorf("x: %w", ErrTimeout), 124},
	} {
		if got := Status(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
	for text, want := range map[string]int{
		`exec: "/x": stat /x: no such file or directory: OCI runtime attempted to invoke a command that was not found`: 127,
		`exec: "x": executable file not found in $PATH: OCI runtime error`:                                             127,
		`exec: "/x": permission denied: OCI permission denied`:                                                         126,
		"cgroups in hybrid mode not supported":                                                                         125,
		"mkdir /x: permission denied":                                                                                  125,
		"":                                                                                                             125,
	} {
		if got := refusal(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}
