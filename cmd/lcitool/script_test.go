// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/lcitool/lcitool/internal/strictyaml"
)

// TestMain makes this program available to scripts as "lcitool".
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "lcitool" {
		if err := hideMachineEngine(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	testscript.Main(m, map[string]func(){"lcitool": main})
}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home") // nothing of the user's is read or written
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"strictyaml": strictYAML},
	})
}

func strictYAML(ts *testscript.TestScript, neg bool, files []string) {
	if neg || len(files) == 0 {
		ts.Fatalf("usage: strictyaml FILE...")
	}
	for _, file := range files {
		if err := strictyaml.Unmarshal([]byte(ts.ReadFile(file)), nil); err != nil {
			ts.Fatalf("%s: %v", file, err)
		}
	}
}
