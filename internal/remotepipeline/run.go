// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/internal/redact"
)

// ErrTimeout is wrapped by the error of a pipeline that exceeded
// Options.Timeout.
var ErrTimeout = errors.New("the pipeline took too long")

// Run pushes the current branch, follows its pipeline to the end and downloads
// the logs and artifacts. The result is nil if no pipeline was found. When ctx
// ends, Run cancels the pipeline if it has started it.
//
// Errors, Watch and the log never contain a token.
func Run(ctx context.Context, options Options) (*Result, error) {
	o := options.withDefaults()
	var told sync.Mutex
	o.Watch = func(u Update) {
		told.Lock()
		defer told.Unlock()
		if options.Watch != nil {
			options.Watch(u)
		}
	}
	if err := checkVariables(o.Variables); err != nil {
		return nil, err
	}
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, ErrTimeout)
		defer cancel()
	}
	s, err := open(ctx, &o)
	if err != nil {
		return nil, err
	}
	defer s.checkout.close()
	id, ours, err := s.start(ctx)
	if err != nil {
		return nil, err
	}
	f := newFollower(s, id)
	result, err := f.follow(ctx)
	if err != nil && (ctx.Err() != nil || errors.Is(err, errNoJob)) {
		if !ours {
			s.infof("pipeline %d goes on: %s", id, s.page(id))
		} else if s.cancel(ctx, id) {
			result.Status = "canceled"
		}
	}
	return result, err
}

// A session is one call of Run: a checkout and its project.
type session struct {
	*client
	o        *Options
	checkout *checkout
}

// open checks all preconditions before anything is pushed.
func open(ctx context.Context, o *Options) (_ *session, err error) {
	c, err := openCheckout(ctx, o.Directory, o.Remote)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	place, err := locate(c.address, o)
	if err != nil {
		return nil, fmt.Errorf("remote %q: %w", c.remote, err)
	}
	t, err := findToken(ctx, place.Server, o, c)
	if err != nil {
		return nil, err
	}
	t.hide = redact.Join(t.hide, c.hide, redact.Variables(o.Variables))
	c.hide = t.hide
	s := &session{client: newClient(place, t, o), o: o, checkout: c}
	return s, s.checkClaim(ctx)
}

// checkVariables returns an error for variables that git or GitLab would
// misinterpret.
func checkVariables(variables []string) error {
	for _, v := range variables {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			return fmt.Errorf("variable %q: expected NAME=VALUE", name)
		}
		if strings.ContainsAny(value, "\n\r\x00") {
			return fmt.Errorf("variable %q: a value given with a push is one line", name)
		}
	}
	return nil
}

// infof reports a message about the pipeline.
func (s *session) infof(format string, args ...any) {
	s.o.Watch(Update{Line: plain(s.hide.Text(fmt.Sprintf(format, args...)))})
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// cancelTimeout limits the request to cancel a pipeline after ctx has ended.
const cancelTimeout = 10 * time.Second

// cancel cancels a pipeline, also after ctx has ended. It reports whether GitLab
// accepted the request.
func (s *session) cancel(ctx context.Context, id int64) bool {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	if err := s.api.CancelPipeline(ctx, id); err != nil {
		s.infof("%v; it goes on: %s", s.requestError(ctx, fmt.Sprintf("cancel pipeline %d", id), err), s.page(id))
		return false
	}
	s.infof("pipeline %d is cancelled", id)
	return true
}

// page returns the URL of a pipeline's web page.
func (s *session) page(id int64) string {
	return fmt.Sprintf("%s/-/pipelines/%d", s.place, id)
}
