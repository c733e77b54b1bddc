// SPDX-License-Identifier: GPL-2.0-or-later

// Command lcitool generates build environments, pipelines and containers for
// projects that are built on many distributions.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/interrupt"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

func main() {
	collectLater()
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

// collectLater lets the first garbage collection start at a heap of 16 MiB instead of
// 4: one takes about 2 ms, and most commands end with less. After the first
// collection, Go's default applies again. GOGC has precedence.
func collectLater() {
	if os.Getenv("GOGC") != "" {
		return
	}
	standard := debug.SetGCPercent(400) // of 4 MiB
	firstCollection := new(*int)
	runtime.AddCleanup(firstCollection, func(percent int) { debug.SetGCPercent(percent) }, standard)
}

func run(ctx context.Context, a *app, args []string) int {
	root := newRootWith(a, needed(args))
	root.SetArgs(cliflags.Expand(root, args))
	err := root.ExecuteContext(ctx)
	if cliflags.IsFlagError(err) { // before the verb cobra does not ask for a better one
		err = cliflags.FlagError(root, err)
	}
	err = a.withLost(errors.Join(a.checkWarnings(), err, a.help.Failed()))
	a.warnings.End(a.Infof)
	return a.report(ctx, err)
}
