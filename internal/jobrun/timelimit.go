// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"cmp"
	"context"
	"time"
)

// jobTimeout is GitLab's default job timeout for new projects.
const jobTimeout = time.Hour

// timeLimit returns the shorter of the job's timeout and the user's limit.
func (r *Runner) timeLimit(j *Job) time.Duration {
	limit := cmp.Or(j.Timeout, jobTimeout)
	if r.Limits.Timeout > 0 {
		limit = min(limit, r.Limits.Timeout)
	}
	return limit
}

// duration parses a time limit as GitLab Runner does. Invalid text gives the
// default.
func duration(text string, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d
	}
	return otherwise
}

// outlasting returns a context that ends this long after ctx.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(by, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, func() {
		stop()
		cancel()
	}
}
