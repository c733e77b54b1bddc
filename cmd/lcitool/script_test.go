// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run this very program as "lcitool".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lcitool": main})
}

// TestScript runs the scripts of all verbs that need no engine.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home") // nothing of the user's is read or written
			return nil
		},
	})
}
