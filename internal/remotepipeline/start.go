// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabapi"
)

// requestTimeout limits an API request with all its attempts.
const requestTimeout = 10 * time.Minute

// start pushes the branch, or creates a pipeline if there is nothing to push,
// and returns the pipeline of the commit. With NoPush it only finds an existing
// one. ours reports whether this call caused the pipeline.
func (s *session) start(ctx context.Context) (id int64, ours bool, err error) {
	before, err := s.pipelines(ctx) // also tells whether the token is good for anything
	if err != nil {
		return 0, false, fmt.Errorf("%w (nothing is pushed)", err)
	}
	if s.o.NoPush {
		if len(before) == 0 {
			return 0, false, fmt.Errorf("there is no pipeline of commit %s at %s", s.commit(), s.place)
		}
		return s.found(before[0]), false, nil
	}
	missing, err := s.checkout.uncommitted(ctx)
	if err != nil {
		return 0, false, err
	}
	if missing != "" {
		s.infof("%s", missing)
	}
	pushed, err := s.checkout.push(ctx, s.o.Variables)
	switch {
	case err != nil:
		return 0, false, err
	case pushed:
		s.infof("pushed %s (%s) to %s", s.checkout.branch, s.commit(), s.checkout.remote)
		id, err = s.awaited(ctx, before)
		return id, true, err
	}
	for _, p := range before {
		if !pipelineEnded(p.Status) && p.Ref == s.checkout.branch {
			s.infof("%s has all of %s, and its pipeline is at work", s.checkout.remote, s.checkout.branch)
			return s.found(p), false, nil
		}
	}
	s.infof("%s has all of %s: a new pipeline is asked for", s.checkout.remote, s.checkout.branch)
	id, err = s.create(ctx)
	return id, true, err
}

func (s *session) commit() string { return s.checkout.commit[:min(len(s.checkout.commit), 12)] }

func (s *session) found(p *gitlabapi.Pipeline) int64 {
	if p.Ref != s.checkout.branch {
		s.infof("pipeline %d is one of %s: GitLab does not give it the variables of a push", p.ID, p.Ref)
	}
	s.infof("pipeline %d: %s", p.ID, s.page(p.ID))
	return p.ID
}

// pipelines returns the pipelines of the commit: first those of the branch, each
// group newest first.
func (s *session) pipelines(ctx context.Context) ([]*gitlabapi.Pipeline, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	all, err := s.api.Pipelines(ctx, s.checkout.commit)
	if err != nil {
		return nil, s.requestError(ctx, "look for pipelines", err)
	}
	all = slices.DeleteFunc(all, func(p *gitlabapi.Pipeline) bool { return p == nil || p.SHA != s.checkout.commit })
	other := func(p *gitlabapi.Pipeline) int {
		if p.Ref == s.checkout.branch {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b *gitlabapi.Pipeline) int {
		return cmp.Or(cmp.Compare(other(a), other(b)), cmp.Compare(b.ID, a.ID))
	})
	return all, nil
}

// patience is the number of polls that find only pipelines of other refs before
// one of those is used.
const patience = 3

// awaited waits for the pipeline that GitLab creates for a push. If ctx ends, it
// cancels one created until then.
func (s *session) awaited(ctx context.Context, before []*gitlabapi.Pipeline) (int64, error) {
	deadline := time.Now().Add(s.o.Appear)
	for others := 0; ; {
		all, err := s.pipelines(ctx)
		if ctx.Err() != nil {
			s.cancelLate(ctx, before)
			return 0, context.Cause(ctx)
		}
		if err != nil && !passing(err) {
			return 0, err
		}
		all = slices.DeleteFunc(all, func(p *gitlabapi.Pipeline) bool {
			return slices.ContainsFunc(before, func(old *gitlabapi.Pipeline) bool { return old.ID == p.ID })
		})
		if len(all) > 0 {
			if others++; all[0].Ref == s.checkout.branch || others == patience {
				return s.found(all[0]), nil
			}
		}
		if time.Now().After(deadline) {
			if err != nil {
				return 0, err
			}
			return 0, s.noPipeline(ctx)
		}
		_ = sleep(ctx, s.o.PollMin) // the next poll sees that ctx has ended
	}
}

// cancelLate cancels the pipeline that a push has created when ctx ended.
func (s *session) cancelLate(ctx context.Context, before []*gitlabapi.Pipeline) {
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	all, err := s.pipelines(late)
	if err != nil {
		s.infof("%v", err)
	}
	for _, p := range all {
		if p.Ref == s.checkout.branch && !slices.ContainsFunc(before, func(old *gitlabapi.Pipeline) bool { return old.ID == p.ID }) {
			s.cancel(late, p.ID)
			return
		}
	}
	s.infof("GitLab may still make a pipeline of the push: see %s/-/pipelines", s.place)
}

// create creates a pipeline of the branch when there is nothing to push.
func (s *session) create(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var variables []gitlabapi.Variable
	for _, v := range s.o.Variables {
		name, value, _ := strings.Cut(v, "=")
		variables = append(variables, gitlabapi.Variable{Key: name, Value: value})
	}
	p, err := s.api.CreatePipeline(ctx, s.checkout.branch, variables)
	if err != nil {
		return 0, s.requestError(ctx, "start a pipeline of "+s.checkout.branch, err)
	}
	if p == nil {
		return 0, errors.New("GitLab says that it started a pipeline, but not which")
	}
	if p.SHA != s.checkout.commit {
		return 0, fmt.Errorf("pipeline %d is of commit %s, not of %s: somebody has pushed meanwhile", p.ID, p.SHA, s.commit())
	}
	s.infof("pipeline %d: %s", p.ID, s.page(p.ID))
	return p.ID, nil
}

// noPipeline returns an error that says why GitLab may have created no pipeline.
func (s *session) noPipeline(ctx context.Context) error {
	err := fmt.Errorf("GitLab has made no pipeline of %s (%s) within %s", s.checkout.branch, s.commit(), s.o.Appear)
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if wrong, bad := s.api.Lint(ctx, s.checkout.commit, s.checkout.branch); bad == nil && len(wrong) > 0 {
		return fmt.Errorf("%w: %s", err, plain(s.hide.Text(strings.Join(wrong, "; "))))
	}
	return fmt.Errorf("%w: its workflow:rules leave out a push to this branch, the commit's message says [skip ci],"+
		" or CI/CD is switched off in the project's settings; %s/-/ci/editor shows the pipeline that would be", err, s.place)
}
