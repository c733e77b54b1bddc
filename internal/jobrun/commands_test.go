// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestCommandsOf parses steps files, also of scripts that write to the file.
func TestCommandsOf(t *testing.T) {
	began := time.Unix(1000, 0)
	commands := []string{"one", "two", "three"}
	for _, test := range []struct{ text, want string }{
		{"script 1 50.00\nscript 2 51.50\nscript end 53.00\nafter_script 1 60\n", "one@0s+1.5s two@1.5s+1.5s"},
		{"script 1 50.00\nscript 3 51\n", "one@0s+1s three@1s+9s"}, // killed: the stage's end counts
		{"script 1 50\nscript 2 500\nscript end 501\n", "one@0s+10s two@10s+0s"},
		{"script 1 50\nscript 2 40\nscript end 60\n", "one@0s+0s two@0s+10s"},
		{"", ""},
		{"script 1 50\nscript 2 51\nscript 2 52\nscript 1 53\nscript 3 54\nscript end 55\n", "one@0s+1s two@1s+3s three@4s+1s"},
		{"script end 3\n", ""},
		{"script 4 1\nscript 0 1\nscript -1 1\nscript 1\nscript x 1\nscript 1 NaN\nscript 1 1e99\nscript 1 -1\nscript 1 1 1\n\x00", ""},
	} {
		var got []string
		for _, c := range commandsOf(parseSteps(test.text), "script", commands, stageTime{began, 10 * time.Second}) {
			got = append(got, fmt.Sprintf("%s@%v+%v", c.Text, c.Started.Sub(began), c.Duration))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}
