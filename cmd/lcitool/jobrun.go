// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// artifactsDir is where a project has what its jobs handed on.
const artifactsDir = ".lcitool/artifacts"

// A jobVerb runs jobs of the project's pipeline, or enters their containers.
type jobVerb struct {
	app         *app
	event       eventChoice
	engine      engineFlags
	build       imageBuild // only its flags
	choice      jobrun.Choice
	ciDir       string
	render      bool
	pull        bool
	commit      string
	writable    bool
	untracked   bool
	fullHistory bool
	env         []string
	limits      limitFlags
	parallel    int
	failFast    bool
	keepGoing   bool
	onFailure   string
	reports     []string
	remote      remoteOptions
}

func newJobRun(a *app) *cobra.Command {
	v := newJobVerb(a)
	cmd := &cobra.Command{
		Use:   "run JOB...",
		Short: "Run jobs of the project's pipeline here",
		Long: `Run jobs of the pipeline in containers, as GitLab runs them: in the same image, with
the same variables, commands and artifacts. JOB is a name or a pattern such as
'*debian*'; --target and --arch may stand in place of it. The pipeline is that of an
event, by default a merge request from a fork with RUN_PIPELINE=1.

A job's image is built from the Dockerfile that the project has committed for its
target, unless it is there and nothing has changed. Each job has its own clean checkout
of what a push of the tracked files would bring, uncommitted changes included; files
that git does not track are left out. Jobs run in the order of their needs, and jobs
whose artifacts they need run before them. Artifacts and JUnit reports are left in
` + artifactsDir + `/JOB.

The container of a job that fails is kept if lcitool runs on a terminal: "lcitool job
shell --last-failed" enters it. The exit status is 1 if a job failed whose failure is
not allowed; of a single job, 124 means that it took longer than its timeout and 125
that the engine failed.

With --remote GitLab runs them on its runners instead: the branch is pushed, and logs,
artifacts and reports come back as if the jobs had run here.`,
		Args: cobra.ArbitraryArgs,
		RunE: v.run,
	}
	f := cmd.Flags()
	v.chooseFlags(f)
	v.imageFlags(f)
	f.BoolVar(&v.choice.Alone, "no-needs", false, "do not run jobs that were not asked for: take the artifacts that are there")
	f.StringVar(&v.commit, "commit", "", "run with this commit instead of HEAD with the uncommitted changes to tracked files")
	f.BoolVar(&v.untracked, "untracked", false, "let jobs see the files that git does not track, ignored ones too")
	f.BoolVar(&v.fullHistory, "full-history", false, "give jobs the whole history with all branches instead of GIT_DEPTH generations")
	f.BoolVar(&v.writable, "writable", false, "let jobs change the project's directory")
	f.StringArrayVar(&v.env, "env", nil, "NAME=VALUE for the scripts, or NAME for the value it has here; may be repeated")
	v.limits.flags(f)
	f.IntVarP(&v.parallel, "jobs", "j", 0, "jobs at a time (default from processors and memory)")
	f.BoolVar(&v.keepGoing, "keep-going", false, "run all jobs that can though one fails (the default)")
	f.BoolVar(&v.failFast, "fail-fast", false, "stop all jobs when one fails")
	f.StringVar(&v.onFailure, "on-failure", "", "what becomes of a container whose job failed: shell, keep or none (default keep on a terminal, else none)")
	f.StringArrayVar(&v.reports, "report", nil, "KIND=FILE with KIND junit, json or html: write a report; may be repeated")
	v.event.flags(f)
	v.engine.flags(cmd)
	v.remote.flags(f)
	return cmd
}

func newJobVerb(a *app) *jobVerb {
	return &jobVerb{app: a, engine: engineFlags{app: a}, build: imageBuild{output: output{app: a}}}
}

func (v *jobVerb) chooseFlags(f *pflag.FlagSet) {
	f.StringArrayVarP(&v.choice.Targets, "target", "t", nil, "only jobs of this target; may be repeated")
	f.StringArrayVar(&v.choice.Arches, "arch", nil, "only jobs for this architecture; may be repeated")
}

func (v *jobVerb) imageFlags(f *pflag.FlagSet) {
	f.StringVar(&v.ciDir, "ci-dir", "ci", "directory with the Dockerfiles, below the base directory")
	f.BoolVar(&v.render, "render", false, "build images from what the manifest says instead of the committed Dockerfiles")
	f.BoolVar(&v.pull, "pull", false, "use the images that the project has published, and ask the registry for them")
	f.BoolVar(&v.build.bootstrap, "bootstrap", false, "make base images from the distribution's mirror if they cannot be pulled")
	f.BoolVar(&v.build.noCache, "no-cache", false, "run every step of images again")
	f.BoolVar(&v.build.exact, "exact", false, "build images from the Dockerfile as it is, not on top of older ones")
	v.build.unsafeFlag(f)
}

// check refuses what makes no sense, before anything is read.
func (v *jobVerb) check(cmd *cobra.Command, args []string) error {
	wrong := func(format string, args ...any) error { return &usageError{cmd, fmt.Errorf(format, args...)} }
	switch {
	case len(args) == 0 && len(v.choice.Targets) == 0 && len(v.choice.Arches) == 0:
		return wrong(`the following arguments are required: JOB ("lcitool job list" lists them, '*' stands for all)`)
	case v.keepGoing && v.failFast:
		return wrong("argument --fail-fast: not allowed with argument --keep-going")
	case v.render && v.pull:
		return wrong("argument --pull: not allowed with argument --render")
	case v.writable && v.commit != "":
		return wrong("argument --commit: not allowed with argument --writable")
	case v.writable && v.untracked:
		return wrong("argument --untracked: not allowed with argument --writable")
	case v.untracked && v.commit != "":
		return wrong("argument --commit: not allowed with argument --untracked")
	case v.parallel < 0:
		return wrong("argument --jobs: must not be negative")
	}
	if err := choice(cmd, "on-failure", v.onFailure, "", "shell", "keep", "none"); err != nil {
		return err
	}
	for _, e := range v.env {
		if strings.HasPrefix(e, "=") || e == "" {
			return wrong("argument --env: expected NAME=VALUE or NAME, got %q", e)
		}
	}
	return v.limits.check(cmd)
}

func (v *jobVerb) run(cmd *cobra.Command, args []string) error {
	if err := v.remote.check(v.app, cmd); err != nil {
		return err
	}
	if v.remote.remote {
		return v.runRemote(cmd, args)
	}
	if err := v.check(cmd, args); err != nil {
		return err
	}
	reports, err := parseReports(cmd, v.reports)
	if err != nil {
		return err
	}
	v.choice.Names = args
	p, err := v.plan(cmd)
	if err != nil {
		return err
	}
	defer p.done()
	if err := v.app.checkWarnings(); err != nil {
		return err
	}
	p.tellLeftOut(v)
	for _, line := range p.chosen.Left {
		v.app.tell("left out %s", line)
	}
	if len(p.chosen.Jobs) == 0 {
		return facts.WithHint(errors.New("no job is left to run; one that is named runs whatever its rules say"),
			fmt.Sprintf("this was the pipeline of %q, --event chooses another", v.event.event))
	}
	if len(p.chosen.Added) > 0 {
		v.app.tell("also needed for their artifacts: %s", strings.Join(p.chosen.Added, ", "))
	}
	if err := checkArtifacts(p); err != nil {
		return err
	}
	engine, err := v.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	if err := jobrun.SweepKept(cmd.Context(), engine, v.app.checkouts()); err != nil {
		v.app.warnf("", "cannot look for trees of kept containers: %v", err)
	}
	jobrun.Sweep(v.app.checkouts())
	sweepArtifacts(p.project)
	if err := v.matrix(cmd.Context(), engine, p, reports); err != nil || !p.refused || v.namesAJob(p) {
		return err
	}
	return statusError(1) // nothing that GitLab refuses passes, unless the user chose it
}

// namesAJob reports whether one of the jobs was asked for by its name.
func (v *jobVerb) namesAJob(p *jobPlan) bool {
	return slices.ContainsFunc(p.chosen.Jobs, func(j *jobrun.Job) bool {
		return slices.Contains(v.choice.Names, j.Name) || slices.Contains(v.choice.Names, j.Base)
	})
}

// A jobPlan is which jobs are to run, and with which tree.
type jobPlan struct {
	project string // absolute directory
	tree    string // directory with the files, elsewhere for a commit
	commit  string // that was asked for, whole; "" for the tree as it is
	event   gitlabci.Event
	work    string // directory for the jobs' trees

	snapshot *checkout.Snapshot // nil if jobs change the project's directory
	under    []string
	source   string // as jobrun.Runner has it
	chosen   *jobrun.Chosen
	refused  bool   // GitLab makes no such pipeline
	done     func() // removes what was made for it
}

// plan reads the pipeline of the project at hand and chooses jobs.
func (v *jobVerb) plan(cmd *cobra.Command) (_ *jobPlan, err error) {
	ctx := cmd.Context()
	p := &jobPlan{done: func() {}}
	if p.project, err = v.app.pipelineDirectory(); err != nil {
		return nil, err
	}
	p.tree = p.project
	defer func() {
		if err != nil {
			p.done()
		}
	}()
	if err := p.takeSnapshot(ctx, v); err != nil {
		return nil, err
	}
	inputs, err := v.event.inputValues(cmd)
	if err != nil {
		return nil, err
	}
	pipeline, err := loadPipeline(p.tree, inputs)
	if err != nil {
		return nil, err
	}
	if p.event, err = v.event.resolve(cmd, p.project, pipeline); err != nil {
		return nil, err
	}
	p.under = v.app.commitOf(ctx, p.tree, &p.event)
	if p.snapshot != nil {
		p.event.Commit = p.snapshot.Commit
	}
	p.findSource(ctx)
	evaluation := pipeline.Evaluate(p.event)
	v.app.tellMissing(evaluation)
	if p.chosen, err = jobrun.Choose(evaluation, v.choice); err != nil {
		return nil, err
	}
	p.refused = evaluation.Refused()
	v.app.warnChosen(evaluation, p.chosen.Jobs)
	return p, v.images(ctx, p, pipeline)
}

// findSource says who can have written the tree, which an event does not tell.
func (p *jobPlan) findSource(ctx context.Context) {
	p.source = p.event.Namespace
	repo, err := gitcmd.Open(ctx, p.project)
	if err != nil {
		return // no repository; what else is wrong with it is said
	}
	defer repo.Close()
	p.source += "\x00" + treeSource(ctx, repo, p.commit, cmp.Or(p.event.DefaultBranch, "main"))
}

// treeSource says who can have written a tree: the owner of the remote it
// comes from, and whether it is the default branch. An event does not tell, as
// it may be given for any tree.
func treeSource(ctx context.Context, repo *gitcmd.Repo, commit, defaultBranch string) string {
	origin, _ := repo.Git(ctx, "config", "--get", "remote.origin.url") // none is a source like others
	kind := "other"
	head, err := repo.Git(ctx, "symbolic-ref", "--quiet", "HEAD")
	switch {
	case commit == "" && err == nil && head == "refs/heads/"+defaultBranch:
		kind = "default"
	case commit != "" || err != nil:
		for _, ref := range []string{"refs/remotes/origin/", "refs/heads/"} {
			if _, err := repo.Git(ctx, "merge-base", "--is-ancestor", cmp.Or(commit, "HEAD"), ref+defaultBranch); err == nil {
				kind = "default"
			}
		}
	}
	return origin + "\x00" + kind
}

// protected reports whether GitLab would count the event's ref as protected.
func protected(e gitlabci.Event) bool {
	return e.Source != gitlabci.MergeRequest && e.Tag == "" && (e.Branch == "" || e.Branch == cmp.Or(e.DefaultBranch, "main"))
}

// images finds the image of each chosen job.
func (v *jobVerb) images(ctx context.Context, p *jobPlan, pipeline *gitlabci.Pipeline) error {
	i := &jobImages{verb: v, tree: p.tree, project: imageName(filepath.Base(p.project))}
	if err := i.prepare(ctx, pipeline, p.event); err != nil {
		return err
	}
	for _, j := range p.chosen.Jobs {
		if err := i.choose(j); err != nil {
			return err
		}
		for _, e := range v.env {
			name, value, ok := strings.Cut(e, "=")
			if !ok {
				if value, ok = os.LookupEnv(name); !ok {
					continue
				}
			}
			j.Env = append(j.Env, name+"="+value)
		}
	}
	return nil
}

// unnamed matches what cannot be part of an image's name.
var unnamed = regexp.MustCompile(`[^a-z0-9]+`)

// imageName makes a part of an image's name of any text.
func imageName(text string) string {
	if name := strings.Trim(unnamed.ReplaceAllString(strings.ToLower(text), "-"), "-"); name != "" {
		return name
	}
	return "project"
}

// runner says how jobs are run.
func (v *jobVerb) runner(engine *container.Engine, p *jobPlan) *jobrun.Runner {
	r := &jobrun.Runner{
		Engine:    engine,
		Project:   p.project,
		Tree:      v.jobTree(p),
		Under:     p.under,
		Base:      p.project,
		Artifacts: filepath.Join(p.project, filepath.FromSlash(artifactsDir)),
		Owner:     directoryOwner(p.project),
		Limits:    v.limits.Limits,
		Source:    p.source,
		Protected: protected(p.event),
		Warn:      func(job, what string) { v.app.warnf(job, "%s", what) },
	}
	if dir := v.app.cacheDir(); dir != "" {
		r.Caches = filepath.Join(dir, "jobs")
	}
	return r
}
