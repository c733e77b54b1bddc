// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// withTemplates copies this project's components into a script's directory.
func withTemplates(e *testscript.Env) error {
	return os.CopyFS(e.WorkDir+"/tree/templates", os.DirFS("../../templates"))
}

// TestComponents resolves the pipelines of projects that include this project's components.
func TestComponents(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Files:               []string{"testdata/component/resolve.txtar"},
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			return withTemplates(e)
		},
	})
}
