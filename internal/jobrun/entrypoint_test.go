// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"os/exec"
	"testing"
)

// TestAgain passes words with special characters through a shell as the entrypoint.
func TestAgain(t *testing.T) {
	text := again([]string{"/bin/sh", "-c", `echo "$1" "$#"`, "it's", `a "b" $c`})
	for _, shell := range []string{"bash", "dash"} {
		out, err := exec.CommandContext(t.Context(), shell, "-c", text+"echo never\n").Output()
		if want := "a \"b\" $c 4\n"; err != nil || string(out) != want {
			t.Errorf("%s: got %q, %v; want %q", shell, out, err, want)
		}
	}
}
