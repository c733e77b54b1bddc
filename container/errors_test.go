// SPDX-License-Identifier: GPL-2.0-or-later

package container

import "testing"

func TestStatusOfRefusedCommand(t *testing.T) {
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
