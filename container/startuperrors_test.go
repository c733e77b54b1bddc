// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"testing"
)

const (
	execNotFound = "Error: runc: exec failed: unable to start container process: exec: \"x\": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found\n"
	execReset    = "Error: read unixpacket @->/proc/self/fd/14/attach: read: connection reset by peer\n"
	initNotFound = "ERROR (catatonit:2): failed to exec pid1: No such file or directory\n"
)

func TestStartupErrorFilter(t *testing.T) {
	for name, c := range map[string]struct {
		patterns startupErrors
		text     string
		at       string // what is passed on before the end
		refusal  string
		released string
	}{
		"nothing":             {execErrors(), "", "", "", ""},
		"a workload's words":  {execErrors(), "hello\n", "hello\n", "", "hello\n"},
		"not found":           {execErrors(), execNotFound, "", execNotFound[len("Error: ") : len(execNotFound)-1], execNotFound},
		"not found, reset":    {execErrors(), execNotFound + execReset, "", execNotFound[len("Error: ") : len(execNotFound)-1], execNotFound + execReset},
		"an error of its own": {execErrors(), "Error: oh no\n", "Error: oh no\n", "", "Error: oh no\n"},
		"no line yet":         {execErrors(), "Error: read", "", "", "Error: read"},
		"a refusal, then not": {execErrors(), execNotFound + "more\n", execNotFound + "more\n", "", execNotFound + "more\n"},
		"a refusal, half":     {execErrors(), execNotFound + "Err", "", "", execNotFound + "Err"},
		"init":                {initErrors(), initNotFound, "", "No such file or directory", initNotFound},
		"init with CR":        {initErrors(), "ERROR (catatonit:2): failed to exec pid1: Permission denied\r\n", "", "Permission denied", "ERROR (catatonit:2): failed to exec pid1: Permission denied\r\n"},
		"init, not refusing":  {initErrors(), "ERROR (catatonit:2): other\n", "ERROR (catatonit:2): other\n", "", "ERROR (catatonit:2): other\n"},
		"exec's words":        {initErrors(), execNotFound, execNotFound, "", execNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 7, 1 << 20} {
				var out bytes.Buffer
				w := &startupErrorFilter{to: &out, patterns: c.patterns}
				for rest := []byte(c.text); len(rest) > 0; {
					n, err := w.Write(rest[:min(step, len(rest))])
					if err != nil {
						t.Fatal(err)
					}
					rest = rest[n:]
				}
				if out.String() != c.at {
					t.Errorf("step %d: passed on %q, want %q", step, out.String(), c.at)
				}
				refusal := ""
				if err := w.startupError(); err != nil {
					refusal = err.Error()
				}
				if refusal != c.refusal {
					t.Errorf("step %d: refusal %q, want %q", step, refusal, c.refusal)
				}
				if err := w.flush(); err != nil || out.String() != c.released {
					t.Errorf("step %d: released %q, %v", step, out.String(), err)
				}
			}
		})
	}
}

func FuzzStartupErrorFilter(f *testing.F) {
	f.Add(execNotFound+execReset, 10)
	f.Add(initNotFound, 1)
	f.Add("Error: no\nError: yes", 3)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		for _, patterns := range []startupErrors{initErrors(), execErrors()} {
			var out bytes.Buffer
			w := &startupErrorFilter{to: &out, patterns: patterns}
			at := min(max(cut, 0), len(text))
			_, err1 := w.Write([]byte(text[:at]))
			_, err2 := w.Write([]byte(text[at:]))
			if err := w.flush(); err1 != nil || err2 != nil || err != nil || out.String() != text {
				t.Errorf("%q became %q", text, out.String())
			}
		}
	})
}
