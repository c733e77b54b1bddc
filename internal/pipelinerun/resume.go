// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// resumed are the kept containers of the jobs that a run continues.
type resumed struct {
	masked  []string // texts that were masked in them
	unlocks []func()
}

// release lets others use the containers.
func (r *resumed) release() {
	for _, unlock := range r.unlocks {
		unlock()
	}
	r.unlocks = nil
}

// resume locks the containers to resume jobs in. It fails if one of the jobs cannot
// be continued, and says which can.
func (p *Plan) resume(ctx context.Context, o LocalOptions) (*resumed, error) {
	r, runner := &resumed{}, p.runner(o)
	var errs []error
	var good, bad []string
	for _, j := range p.Jobs {
		k, ok := o.Resume[j.Name]
		if !ok {
			continue
		}
		if err := r.add(ctx, o.Engine, runner, j, k); err != nil {
			errs, bad = append(errs, fmt.Errorf("cannot continue job %q: %w", j.Name, err)), append(bad, j.Name)
			continue
		}
		good = append(good, j.Name)
	}
	if len(errs) == 0 {
		return r, nil
	}
	r.release()
	hint := fmt.Sprintf("%q runs it from its first command", retryCommand(o.Retry, "", bad))
	if len(bad) > 1 {
		hint = fmt.Sprintf("%q runs them from their first commands", retryCommand(o.Retry, "", bad))
	}
	if len(good) > 0 {
		hint = fmt.Sprintf("%q continues the others; ", retryCommand(o.Retry, "--from-failed ", good)) + hint
	}
	return nil, diag.WithHint(errors.Join(errs...), hint)
}

// retryCommand returns the command that retries jobs of a run.
func retryCommand(run, flags string, jobs []string) string {
	var words []string
	for _, name := range jobs {
		words = append(words, shellWord(name))
	}
	return "lcitool job retry --run " + run + " " + flags + strings.Join(words, " ")
}

func (r *resumed) add(ctx context.Context, engine Engine, runner *jobrun.Runner, j *jobrun.Job, k jobrun.Kept) error {
	unlock, busy, err := engine.LockKept(k.Container, false)
	switch {
	case errors.Is(err, api.ErrNotKept):
		return fmt.Errorf("its container is gone: %s", k.Container)
	case err != nil:
		return err
	case busy:
		return fmt.Errorf("another run or a shell uses its container %s", k.Container)
	}
	r.unlocks = append(r.unlocks, unlock)
	masked, err := runner.CheckKept(ctx, j, k)
	if errors.Is(err, api.ErrNotKept) {
		return fmt.Errorf("its container is gone: %s", k.Container)
	}
	r.masked = append(r.masked, masked...)
	return err
}
