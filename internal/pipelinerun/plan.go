// SPDX-License-Identifier: GPL-2.0-or-later

// Package pipelinerun runs the jobs of a project's pipeline, on this machine or
// on GitLab's runners.
//
// Open reads the pipeline of a project, Evaluate decides which jobs it has for
// an event, Choose selects some of them, and FindImages finds their images.
// Local runs such a Plan in containers; Remote has GitLab run the pipeline. Both
// return a Result.
package pipelinerun

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/includes"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// PipelineFile is GitLab's default name of a project's pipeline file.
const PipelineFile = ".gitlab-ci.yml"

// Messages prints messages to the user. A nil function discards them.
type Messages struct {
	Infof func(format string, args ...any)
	Warnf func(about, format string, args ...any) // about a job, a target or a place in a file, "" for none
	Warn  func(*diag.Error)                       // about a place in a file, an error in strict use
}

func (m Messages) infof(format string, args ...any) {
	if m.Infof != nil {
		m.Infof(format, args...)
	}
}

func (m Messages) warnf(about, format string, args ...any) {
	if m.Warnf != nil {
		m.Warnf(about, format, args...)
	}
}

func (m Messages) warn(err *diag.Error) {
	if m.Warn != nil {
		m.Warn(err)
	}
}

// SourceOptions select the tree that jobs run with.
type SourceOptions struct {
	Project   string            // absolute directory
	Commit    string            // revision; "" for HEAD with the uncommitted changes to tracked files
	Checkouts string            // directory for the jobs' trees, made if needed; "" if none is to run
	Writable  bool              // jobs see and change the project's directory itself
	Inputs    map[string]string // of spec:inputs, by name
	Includes  includes.Options  // included files from elsewhere; Warn is not used
	Messages  Messages
}

// A Source is a project's tree with its pipeline.
type Source struct {
	Project  string // absolute directory
	Commit   string // that was checked out, its whole hash; "" for the tree as it is
	Pipeline *gitlabci.Pipeline

	messages  Messages
	inputs    bool // the pipeline has inputs that the user gave
	includes  *includes.Files
	elsewhere *gitlabci.Elsewhere
	stop      <-chan struct{} // ends evaluations of the pipeline
	since     func(revision string) []string
	artifacts *artifacts.Store
	checkouts string             // directory for the jobs' trees
	trees     *checkout.Cache    // below checkouts
	work      string             // directory below checkouts for this source
	snapshot  *checkout.Snapshot // nil if jobs change the project's directory, or no job will run
	tree      string             // directory with the files; differs from Project for a commit
	remove    func()             // removes the trees
	git       *repository        // of Project
}

// Open reads the pipeline of a project. The caller must call Close.
func Open(ctx context.Context, o SourceOptions) (_ *Source, err error) {
	s := &Source{Project: o.Project, artifacts: artifacts.In(o.Project), messages: o.Messages, inputs: len(o.Inputs) > 0, checkouts: o.Checkouts, trees: checkout.CacheIn(o.Checkouts), tree: o.Project, remove: func() {}, git: &repository{}}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if o.Checkouts != "" && !o.Writable {
		if err := s.takeSnapshot(ctx, o.Commit); err != nil {
			return nil, err
		}
	}
	o.Includes.Warn = func(message string) { s.messages.warnf("", "%s", message) }
	if s.includes, err = includes.Open(s.Project, o.Includes); err != nil {
		return nil, err
	}
	s.elsewhere, s.stop, s.since = s.includes.For(ctx), ctx.Done(), s.changedSince(ctx)
	s.Pipeline, err = loadPipeline(s.tree, gitlabci.Options{Inputs: o.Inputs, Elsewhere: s.elsewhere, Stop: s.stop, ChangedSince: s.since})
	return s, err
}

// Close removes what Open has created.
func (s *Source) Close() {
	s.remove()
	s.git.close()
}

func loadPipeline(directory string, o gitlabci.Options) (*gitlabci.Pipeline, error) {
	tree, err := safefs.OpenDir(directory) // no include and no link leads out of it
	if err != nil {
		return nil, fmt.Errorf("cannot open the project: %w", err)
	}
	return gitlabci.Load(tree.FS(), PipelineFile, o)
}

// An Evaluation says which jobs the pipeline has for an event.
type Evaluation struct {
	*gitlabci.Evaluation
	source *Source
	event  gitlabci.Event
	commit []string // variables of the commit, NAME=VALUE
	built  *builtImages
	work   *int // that may still go into child pipelines; nil before the first one
}

// Evaluate decides which jobs the pipeline has for an event. It adds to event
// what GitLab derives from the tree's commit.
func (s *Source) Evaluate(ctx context.Context, event gitlabci.Event) *Evaluation {
	e := &Evaluation{source: s}
	e.commit = s.addCommit(ctx, &event)
	if s.snapshot != nil {
		event.Commit = s.snapshot.Commit
	}
	e.event = event
	e.Evaluation = s.Pipeline.Evaluate(event)
	if err := s.includes.Write(); err != nil {
		s.messages.warnf("", "included files are not locked: %v", err)
	}
	e.built = newBuiltImages(e.Evaluation, s.tree, nil)
	return e
}

// A Plan says which jobs run, with which tree and in which images.
type Plan struct {
	*Chosen
	Refused bool       // GitLab makes no such pipeline
	Empty   *Emptiness // why the pipeline has no jobs; nil if it has some, or some were chosen

	source  *Source
	event   gitlabci.Event
	commit  []string // variables of the commit, NAME=VALUE
	built   *builtImages
	offline bool   // do not pull images
	origin  string // see jobrun.Runner.Source

	images ImageOptions // options of FindImages
	env    []string     // NAME=VALUE, from AddEnv

	cancels    bool // a job that fails and may not stops the others
	generation int  // 0 for the first pipeline, 1 for its child pipelines
}

// Plan chooses jobs.
func (e *Evaluation) Plan(ctx context.Context, c Choice) (*Plan, error) {
	c.built, c.cannotStart = e.built, e.cannotStart
	chosen, err := Choose(e.Evaluation, c)
	if err != nil {
		return nil, err
	}
	var empty *Emptiness
	if len(chosen.Jobs) == 0 {
		empty = e.Empty()
	}
	return &Plan{
		Chosen: chosen, Empty: empty, Refused: e.Refused(), source: e.source, event: e.event, commit: e.commit, built: e.built,
		origin: e.source.origin(ctx, e.event), cancels: e.CancelOnFailure,
	}, nil
}

// Names reports whether one of the jobs was chosen by its name.
func (p *Plan) Names(names []string) bool {
	return slices.ContainsFunc(p.Jobs, func(j *jobrun.Job) bool {
		return slices.Contains(names, j.Name) || slices.Contains(names, j.Base)
	})
}

// origin identifies who may have written the tree. The event does not say.
func (s *Source) origin(ctx context.Context, e gitlabci.Event) string {
	repo, err := s.repo(ctx)
	if err != nil {
		return e.Namespace // no repository; what else is wrong with it is said
	}
	return e.Namespace + "\x00" + treeSource(ctx, repo, s.Commit, cmp.Or(e.DefaultBranch, "main"))
}

// treeSource identifies who may have written a tree: the owner of the remote it
// comes from, and whether it is the default branch. The event does not say,
// because any event can be combined with any tree.
func treeSource(ctx context.Context, repo *gitcmd.Repo, commit, defaultBranch string) string {
	origin := repo.Config(ctx, "remote.origin.url") // none is a source like others
	kind := "other"
	head := repo.HeadRef(ctx)
	switch {
	case commit == "" && head == "refs/heads/"+defaultBranch:
		kind = "default"
	case commit != "" || head == "":
		for _, ref := range []string{"refs/remotes/origin/", "refs/heads/"} {
			if _, err := repo.Git(ctx, "merge-base", "--is-ancestor", cmp.Or(commit, "HEAD"), ref+defaultBranch); err == nil {
				kind = "default"
			}
		}
	}
	return origin + "\x00" + kind
}

// protected reports whether GitLab would treat the event's ref as protected.
func protected(e gitlabci.Event) bool {
	return e.Source != gitlabci.MergeRequest && e.Tag == "" && (e.Branch == "" || e.Branch == cmp.Or(e.DefaultBranch, "main"))
}

// AddEnv adds variables, NAME=VALUE, for the scripts of all jobs. They override
// all others.
func (p *Plan) AddEnv(env []string) {
	p.env = append(p.env, env...)
	for _, j := range p.Jobs {
		j.Env = append(j.Env, env...)
	}
}
