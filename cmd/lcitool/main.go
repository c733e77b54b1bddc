// SPDX-License-Identifier: GPL-2.0-or-later

// Command lcitool makes build environments, pipelines or containers for
// projects that many distributions build.
package main

import (
	"context"
	"errors"
	"os"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
)

func main() {
	ctx, gone := untilSignal(context.Background())
	os.Exit(run(ctx, &app{
		stdin:  os.Stdin,
		stdout: watched(os.Stdout, gone),
		stderr: watched(os.Stderr, gone),
		getenv: os.Getenv,
	}, os.Args[1:]))
}

// run carries out one command line and gives the exit status.
func run(ctx context.Context, a *app, args []string) int {
	root := newRoot(a) //nolint:contextcheck // a command carries its context: ExecuteContext hands it over
	root.SetArgs(cliflags.Expand(root, args))
	err := root.ExecuteContext(ctx)
	if isFlagError(err) { // before the verb cobra does not ask for a better one
		err = flagError(root, err)
	}
	err = errors.Join(a.checkWarnings(), err)
	a.countWarnings()
	return a.report(ctx, err)
}
