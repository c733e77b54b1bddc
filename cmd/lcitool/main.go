// SPDX-License-Identifier: GPL-2.0-or-later

// Command lcitool generates build environments, pipelines and containers for
// projects that are built on many distributions.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/interrupt"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

func main() {
	ctx, gone := interrupt.Context(context.Background(), func(s interrupt.Signal) {
		fmt.Fprintf(os.Stderr, "lcitool: stopped by %v\n", s)
		os.Exit(s.Status())
	})
	os.Exit(run(ctx, &app{Streams: stdio.Streams{
		Stdin:  os.Stdin,
		Stdout: stdio.Watch(os.Stdout, gone),
		Stderr: stdio.Watch(os.Stderr, gone),
		Getenv: os.Getenv}}, os.Args[1:]))
}

func run(ctx context.Context, a *app, args []string) int {
	root := newRootWith(a, needed(args))
	root.SetArgs(cliflags.Expand(root, args))
	err := root.ExecuteContext(ctx)
	if cliflags.IsFlagError(err) { // before the verb cobra does not ask for a better one
		err = cliflags.FlagError(root, err)
	}
	err = errors.Join(a.checkWarnings(), err, a.help.Failed())
	a.warnings.End(a.Infof)
	return a.report(ctx, err)
}
