// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestPreCommit(t *testing.T) {
	hooks, err := filepath.Abs("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/precommit",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("HOME", home)
			e.Setenv("HOOKS", hooks)
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				e.Setenv("GIT_"+who+"_NAME", "A Maintainer")
				e.Setenv("GIT_"+who+"_EMAIL", "maintainer@example.org")
			}
			return os.Mkdir(home, 0o755)
		},
	})
}
