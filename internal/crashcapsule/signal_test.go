// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"strings"
	"testing"
)

func TestSignalled(t *testing.T) {
	for status, want := range map[int]string{139: "SIGSEGV", 134: "SIGABRT", 135: "SIGBUS", 132: "SIGILL", 136: "SIGFPE", 137: "", 143: "", 1: "", 0: "", 11: ""} {
		if got := Signalled(status); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
	if SignalName(9) != "signal 9" {
		t.Error(SignalName(9))
	}
}

func TestOutput(t *testing.T) {
	padding := strings.Repeat("x", 100)
	for text, want := range map[string]bool{
		"a.sh: line 3: 12 Segmentation fault      (core dumped) ./a\n": true,
		padding + "Segmentation fault\n" + padding:                     true,
		"Aborted (core dumped)":                                        true,
		"1/1 a FAIL 0.1s killed by signal 11 SIGSEGV":                  true,
		"Bus error\n":                         true,
		"all is well\n":                       false,
		padding + "core" + padding + "dumped": false,
	} {
		for _, size := range []int{1, 3, 31, 1000} {
			var o Output
			for rest := text; rest != ""; {
				n := min(size, len(rest))
				if w, err := o.Write([]byte(rest[:n])); w != n || err != nil {
					t.Fatal(w, err)
				}
				rest = rest[n:]
			}
			if o.Crashed() != want {
				t.Errorf("%q in parts of %d: %v", text, size, o.Crashed())
			}
		}
	}
}
