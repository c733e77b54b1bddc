// SPDX-License-Identifier: GPL-2.0-or-later

package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gitlab.com/lcitool/lcitool/container"
)

// engine is what running workloads asks of container.Engine.
type engine interface {
	imager
	Run(context.Context, container.RunOptions) (container.RunResult, error)
	SecretMounts(ctx context.Context, image, user string, secrets []container.Secret) ([]container.Mount, func(), error)
}

// Streams are what a workload is connected to.
type Streams struct {
	Stdin  io.Reader // nil for none
	Stdout io.Writer // nil discards
	Stderr io.Writer // nil discards
	Build  io.Writer // what making the image says; nil discards
	TTY    bool      // take a terminal if Stdin and Stdout are one
	Ended  func()    // to be called when what is said from then on no longer tells why the workload failed; nil for nobody
}

// A Runner runs single workloads. It is safe for use by several goroutines if
// its functions are.
type Runner struct {
	Engine    engine
	LookupEnv func(name string) (string, bool) // os.LookupEnv in the program; nil leaves NAMEs without a value out
	Warn      func(workload, what string)      // told what the engine warns of; nil means nobody listens
}

// Run makes sure that the image of a workload is there and runs it to its
// end. How it ended is in the result, errors of the engine included. When ctx
// ends, so does the workload.
func (r *Runner) Run(ctx context.Context, w Workload, s Streams) Result {
	started := time.Now()
	result := Result{Workload: w.Name}
	built, err := w.Image.Ensure(ctx, r.Engine, s.Build)
	if err != nil {
		result.Unbuilt(ctx, err)
		result.Duration = time.Since(started)
		return result
	}
	result.Built = !built.Cached
	ran, err := r.inContainer(ctx, w, s)
	for _, warning := range ran.Warnings {
		if r.Warn != nil {
			r.Warn(w.Name, warning)
		}
	}
	if errors.Is(err, container.ErrTimeout) {
		err = TimeoutError(w.Limits.Timeout, err)
	}
	result.End(ctx, err)
	result.Duration = time.Since(started)
	return result
}

// inContainer runs the command of a workload whose image is there.
func (r *Runner) inContainer(ctx context.Context, w Workload, s Streams) (container.RunResult, error) {
	o := w.options(s)
	o.LookupEnv = r.LookupEnv
	secrets, remove, err := r.Engine.SecretMounts(ctx, o.Image, o.User, w.Secrets)
	if err != nil {
		return container.RunResult{}, err
	}
	defer remove()
	o.Mounts = append(o.Mounts, secrets...)
	return r.Engine.Run(ctx, o)
}

// TimeoutError makes of an error that is container.ErrTimeout one that says
// how long the command had.
func TimeoutError(limit time.Duration, err error) error { return &timeoutError{limit, err} }

// A timeoutError is a workload that took too long.
type timeoutError struct {
	limit time.Duration
	err   error
}

func (t *timeoutError) Error() string {
	return fmt.Sprintf("the command did not end within %v and was killed", t.limit)
}

// Unwrap returns an error that is container.ErrTimeout.
func (t *timeoutError) Unwrap() error { return t.err }
