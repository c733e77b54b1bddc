// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"

	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
)

// Run runs a container until it ends and removes it. A non-zero exit status
// gives *ExitError, a container that cannot be started *EngineError with status
// 125, 126 or 127, and a missing image ErrNoImage. When ctx ends or Timeout is
// exceeded, the workload gets SIGTERM and, after Grace, SIGKILL; the error wraps
// context.Cause(ctx) or ErrTimeout.
func (e *Engine) Run(ctx context.Context, o api.RunOptions) (api.RunResult, error) {
	for { // both reasons to do it again are found out before anything was started
		asked := e.rlimits()
		result, err := e.runOnce(ctx, o)
		if !errors.Is(err, errConmonUnreachable) && !e.lowerLimits(asked, err) {
			return result, err
		}
	}
}

func (e *Engine) runOnce(ctx context.Context, o api.RunOptions) (api.RunResult, error) {
	if err := e.refuseShortID(ctx, o.Image); err != nil {
		return api.RunResult{}, err
	}
	dir := "" // another machine does not see it
	if e.service.Local() {
		own, remove, err := e.TempDir(ctx, "run")
		if err != nil {
			return api.RunResult{}, err
		}
		defer remove()
		dir = own
	}
	u, err := e.resolveUser(ctx, o.Image, o.User)
	if err != nil {
		return api.RunResult{}, err
	}
	s, err := e.runSpec(ctx, o, u, dir)
	if err != nil {
		return api.RunResult{}, err
	}
	uploads, err := runUploads(o, u, dir != "")
	if err != nil {
		return api.RunResult{}, err
	}
	if err := ctx.Err(); err != nil {
		return api.RunResult{}, context.Cause(ctx)
	}
	r := &running{engine: e, options: o, direct: e.useConmonSocket(o), uploads: uploads, name: s.Name, log: e.log.With("container", s.Name)}
	if r.direct {
		s.LogConfiguration = &specgen.LogConfig{Driver: "none"}
	}
	defer r.remove(ctx)
	return r.run(ctx, s)
}

// Shell is Run with /bin/sh, or o.Command if it is set, with a terminal if Stdin
// and Stdout are terminals.
func (e *Engine) Shell(ctx context.Context, o api.RunOptions) (api.RunResult, error) {
	o.TTY = true
	if o.Command == nil {
		o.Command = []string{"/bin/sh"}
	}
	return e.Run(ctx, o)
}

// refuseShortID refuses short hexadecimal names such as "de", which podman would
// resolve to any image whose ID begins with them.
func (e *Engine) refuseShortID(ctx context.Context, reference string) error {
	if reference != "" && !shortID.MatchString(reference) {
		return nil // podman itself says whether it is there
	}
	_, err := e.Inspect(ctx, reference)
	return err
}
