// SPDX-License-Identifier: GPL-2.0-or-later

package workload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// engine is the part of container.Engine that a Runner calls.
type engine interface {
	envimage.Builder
	Run(context.Context, api.RunOptions) (api.RunResult, error)
	SecretMounts(ctx context.Context, image, user string, secrets []api.Secret) ([]api.Mount, func(), error)
}

// A Runner runs single workloads. It is safe for concurrent use if its functions
// are.
type Runner struct {
	Engine    engine
	LookupEnv func(name string) (string, bool) // os.LookupEnv in the program; nil leaves NAMEs without a value out
	Warn      func(workload, what string)      // told what the engine warns of; nil means nobody listens
}

// Run builds the image of a workload if needed and runs the workload. Errors of
// the engine are part of the result. The workload is stopped when ctx ends.
func (r *Runner) Run(ctx context.Context, w Workload, s scheduler.Streams) outcome.Result {
	started := time.Now()
	result := outcome.Result{Workload: w.Name}
	built, err := w.Image.Ensure(ctx, r.Engine, s.Build)
	if err != nil {
		result.Unbuilt(ctx, err)
		s.EndBuild(result.State)
		result.Duration = time.Since(started)
		return result
	}
	s.EndBuild("")
	result.Built = !built.Cached
	ran, err := r.inContainer(ctx, w, s)
	for _, warning := range ran.Warnings {
		if r.Warn != nil {
			r.Warn(w.Name, warning)
		}
	}
	if errors.Is(err, api.ErrTimeout) {
		err = TimeoutError(w.Limits.Timeout, err)
	}
	result.End(ctx, err)
	result.Duration = time.Since(started)
	return result
}

// Task returns a scheduler task that runs a workload.
func (r *Runner) Task(w Workload) scheduler.Task {
	return scheduler.Task{Name: w.Name, Run: func(ctx context.Context, s scheduler.Streams) outcome.Result { return r.Run(ctx, w, s) }}
}

// inContainer runs the command of a workload. The image must exist.
func (r *Runner) inContainer(ctx context.Context, w Workload, s scheduler.Streams) (api.RunResult, error) {
	o := w.options(s)
	o.LookupEnv = r.LookupEnv
	secrets, remove, err := r.Engine.SecretMounts(ctx, o.Image, o.User, w.Secrets)
	if err != nil {
		return api.RunResult{}, err
	}
	defer remove()
	o.Mounts = append(o.Mounts, secrets...)
	return r.Engine.Run(ctx, o)
}

// TimeoutError returns an error whose text has the time limit of the command. It
// wraps err, which is api.ErrTimeout.
func TimeoutError(limit time.Duration, err error) error { return &timeoutError{limit, err} }

type timeoutError struct {
	limit time.Duration
	err   error
}

func (t *timeoutError) Error() string {
	return fmt.Sprintf("the command did not end within %v and was killed", t.limit)
}

func (t *timeoutError) Unwrap() error { return t.err }
