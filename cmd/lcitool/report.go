// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/interrupt"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// A statusError is an exit status without an error message.
type statusError int

// status converts an exit status to an error, nil for 0.
func status(code int) error {
	if code == 0 {
		return nil
	}
	return statusError(code)
}

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// withLost returns the error of a command, or that of output which was lost. If there
// are both, it prints the second, and the first decides the exit status.
func (a *app) withLost(err error) error {
	lost := a.Lost()
	if err == nil || lost == nil {
		return errors.Join(err, lost)
	}
	if !stdio.ReaderGone(lost) {
		errortext.Print(a.Infof, lost)
	}
	return err
}

// report prints an error and returns the exit status: 0 for success, 1 for a
// failure, 2 for a usage error, the status of a workload, or 128 plus the number
// of a signal. A closed pipe on stdout gives 141 without a message.
func (a *app) report(ctx context.Context, err error) int {
	var usage *cliflags.UsageError
	var ended statusError
	var workload *api.ExitError
	signal, stopped := interrupt.Cause(ctx)
	switch {
	case signal == interrupt.Pipe, stdio.ReaderGone(err):
		return interrupt.Pipe.Status()
	case err == nil:
		return 0
	case errors.As(err, &workload):
		return workload.Code
	case stopped:
		a.Infof("lcitool: stopped by %v", signal)
		if running, ok := errors.AsType[*container.StillRunningError](err); ok {
			a.Infof("warning: step %d of %d is still running at %s until its end, and what it leaves there stays", running.Step, running.Steps, running.URL)
		}
		return signal.Status()
	case errors.As(err, &ended):
		return int(ended)
	case errors.As(err, &usage):
		fmt.Fprintf(a.Stderr, "usage: %s\n", usage.Command.UseLine())
		a.Infof("%s: error: %v", usage.Command.CommandPath(), usage.Err)
		errortext.PrintHint(a.Infof, usage.Err)
		return 2
	}
	errortext.Print(a.Infof, err)
	return api.Status(err)
}
