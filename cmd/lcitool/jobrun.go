// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
	"gitlab.com/lcitool/lcitool/internal/jobevents"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobreport"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
	"gitlab.com/lcitool/lcitool/targets"
)

// A jobVerb is a command that runs jobs of the project's pipeline, or a shell in
// their containers.
type jobVerb struct {
	app       *app
	event     eventChoice
	engine    engineFlags
	choice    pipelinerun.Choice
	images    pipelinerun.ImageOptions
	commit    string
	writable  bool
	local     pipelinerun.LocalOptions
	env       []string
	envFiles  []string
	extraEnv  []string // from --env and --env-file, NAME=VALUE
	limits    limitFlags
	onFailure string
	reports   []string
	events    string
	repeats   repeatFlags

	retryOf *jobrecord.Stored // the run to retry; nil for none
	given   []string          // names and patterns of jobs that the user wrote
	resume  map[string]jobrun.Kept

	remote remoteOptions
}

func newJobRun(a *app) *cobra.Command {
	v := newJobVerb(a)
	cmd := &cobra.Command{
		Use:   "run JOB...",
		Short: "Run jobs of the project's GitLab pipeline on this machine",
		Long: `Run jobs of the pipeline in containers, as GitLab runs them: in the same image, with the
same variables, commands and artifacts. JOB is a name or a pattern such as '*debian*';
--target and --arch narrow the selection or replace JOB. The pipeline is that of an event,
by default a merge request from a fork with RUN_PIPELINE=1.

The image of a job is built from the Dockerfile that the project has committed for its
target, or from the one that another job of the pipeline builds the image from. It is not
built again if nothing has changed. Other images are pulled from the registry of the
project or of upstream. A job that builds an image does nothing else when it runs locally.

Each job has its own clean checkout of the current commit, with the uncommitted changes
to tracked files; untracked files are left out. Jobs run in the order of their needs, and
jobs whose artifacts they need run before them. Artifacts and JUnit reports are saved in
` + artifacts.Below + `/JOB.

The container of a failed job is kept if lcitool runs on a terminal; "lcitool job shell
--last-failed" enters it. The exit status is 1 if a job failed that is not allowed to
fail. If a single job was run, 124 means that it exceeded its timeout and 125 that the
engine failed.

With --remote, GitLab runs the jobs on its runners instead: the branch is pushed, and
logs, artifacts and reports are downloaded as if the jobs had run on this machine.`,
		Args: cobra.ArbitraryArgs,
		RunE: v.run,
	}
	f := cmd.Flags()
	v.chooseFlags(cmd)
	v.imageFlags(f)
	f.BoolVar(&v.choice.Alone, "no-needs", false, "do not run needed jobs; use the artifacts of their earlier runs")
	v.runFlags(f)
	v.repeatFlags(f)
	v.event.flags(f)
	v.engine.flags(cmd)
	v.remote.flags(f)
	return cmd
}

func (v *jobVerb) runFlags(f *pflag.FlagSet) {
	f.StringVar(&v.commit, "commit", "", "commit to run jobs on (default HEAD with uncommitted changes to tracked files)")
	f.BoolVar(&v.local.Untracked, "untracked", false, "include untracked files, ignored ones as well")
	f.BoolVar(&v.local.FullHistory, "full-history", false, "clone the full history with all branches instead of GIT_DEPTH commits")
	f.BoolVar(&v.writable, "writable", false, "run jobs in the project directory itself and let them write to it")
	f.StringArrayVar(&v.env, "env", nil, "environment variable to set in jobs: NAME=VALUE, or NAME to pass its current value; may be repeated")
	f.StringArrayVar(&v.envFiles, "env-file", nil, "file with environment variables to set in jobs, one NAME=VALUE per line; may be repeated")
	v.limits.flags(f)
	f.IntVarP(&v.local.Parallel, "jobs", "j", 0, "maximum number of jobs to run in parallel (default from CPUs and memory)")
	f.BoolVar(&v.local.KeepGoing, "keep-going", false, "continue with other jobs after a failure (the default unless the workflow cancels them)")
	f.BoolVar(&v.local.FailFast, "fail-fast", false, "stop all jobs after the first failure")
	cliflags.Choice(f, &v.onFailure, "on-failure", "", "what to do with the container of a failed job: shell to enter it, keep, or none to remove it (default keep on a terminal, otherwise none)", "", "shell", "keep", "none")
	f.StringArrayVar(&v.reports, "report", nil, "report to write, KIND=FILE where KIND is junit, json or html; may be repeated")
	f.StringVar(&v.events, "events", "", "file to write events to, one JSON object per line; - for stdout, which then has no job output")
	v.app.verboseFlag(f)
	f.BoolVar(&v.local.Timestamps, "timestamps", false, "prefix lines with their time, and print the duration of each command at the end")
}

func (v *jobVerb) repeatFlags(f *pflag.FlagSet) {
	f.IntVar(&v.repeats.times, "repeat", 0, "number of times to run the jobs, --jobs of them in parallel (default 1); prints how often each failed")
	f.BoolVar(&v.repeats.untilFailure, "until-failure", false, "repeat the jobs until one fails, at most --repeat times if that is given")
}

func newJobVerb(a *app) *jobVerb {
	return &jobVerb{app: a, engine: engineFlags{app: a}}
}

func (v *jobVerb) chooseFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&v.choice.Targets, "target", "t", nil, "run only jobs of this target; may be repeated")
	f.StringArrayVar(&v.choice.Arches, "arch", nil, "run only jobs for this architecture; may be repeated")
	completeArches(cmd, "arch", targets.Arches())
}

func (v *jobVerb) imageFlags(f *pflag.FlagSet) {
	f.StringVar(&v.images.CIDir, "ci-dir", "ci", "directory of the generated files, relative to the project directory")
	f.BoolVar(&v.images.Render, "render", false, "build images from the manifest instead of the committed Dockerfiles")
	f.BoolVar(&v.images.Published, "pull", false, "use the images published in the project's registry instead of building them")
	f.BoolVar(&v.images.Bootstrap, "bootstrap", false, "build the base image from the distribution's package mirror if it cannot be pulled (Debian and Ubuntu only)")
	f.BoolVar(&v.images.NoCache, "no-cache", false, "do not use cached layers when building images")
	f.BoolVar(&v.images.Exact, "exact", false, "build the whole Dockerfile instead of adding packages to an older image (the default if CI is set)")
	f.StringVar(&v.images.Prefix, "image-prefix", "", "name prefix of the published images, for example registry.example.org/group/ci-")
	f.StringVar(&v.images.Tag, "image-tag", "", "tag of the published images")
	f.StringVar(&v.images.Default, "default-image", "", "image for jobs that specify none (default "+pipelinerun.RunnerImage+")")
	f.BoolVar(&v.local.DebugTools, "debug-tools", false, "add gdb to the images of jobs, in a layer of its own, so that crashes get a backtrace")
	unsafeFlag(f, &v.images.AllowUnsafe)
}

func (v *jobVerb) check(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 && len(v.choice.Targets) == 0 && len(v.choice.Arches) == 0:
		return cliflags.Usagef(cmd, `the following arguments are required: JOB ("lcitool job list" lists them, '*' stands for all)`)
	case v.local.Parallel < 0:
		return cliflags.Usagef(cmd, "argument --jobs: must not be negative")
	}
	err := cliflags.Exclude(cmd, "fail-fast keep-going", "pull render", "image-prefix render", "image-tag render",
		"commit writable untracked", "untracked writable")
	if err != nil {
		return err
	}
	if err := settings.CheckEnvironment(v.env); err != nil {
		return cliflags.Usage(cmd, err)
	}
	if err := v.repeats.check(cmd); err != nil {
		return err
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
	v.choice.Names, v.given = args, args
	return v.execute(cmd)
}

func (v *jobVerb) execute(cmd *cobra.Command) error {
	reports, err := jobreport.ParseRequests(v.reports)
	if err != nil {
		return cliflags.Usage(cmd, err)
	}
	if jobreport.Writes(reports, v.events) {
		return cliflags.Usagef(cmd, "argument --events: a report is also written to %q", v.events)
	}
	if v.extraEnv, err = settings.Environment(v.envFiles, v.env, os.LookupEnv); err != nil {
		return err
	}
	p, done, err := v.plan(cmd)
	if err != nil {
		return err
	}
	defer done()
	if err := v.app.checkWarnings(); err != nil {
		return err
	}
	if err := p.Report(v.local.Untracked, v.event.Name, v.event.given.All); err != nil {
		return err
	}
	unsure, err := v.inputs(p)
	if err != nil {
		return err
	}
	engine, err := v.connect(cmd)
	if err != nil {
		return err
	}
	o, err := v.localOptions(engine)
	if err != nil {
		return err
	}
	events, closeEvents, err := jobevents.Open(cmd.Context(), v.events, v.app.Stdout)
	if err != nil {
		return err
	}
	defer closeEvents()
	if v.events == "-" {
		o.Console.Stdout = io.Discard
	}
	o.Events, o.Flags = events, cliflags.AbsoluteFiles(cliflags.Given(cmd, recordedFlags()), "env-file", "var-file", "file-var")
	o.Named = v.named(p)
	if v.retryOf != nil {
		o.Retry, o.Resume, o.Unsure = v.retryOf.ID, v.resume, unsure
	}
	if v.repeats.wanted() {
		return v.refused(p, v.repeat(cmd.Context(), engine, p, o, reports))
	}
	result, err := pipelinerun.Local(cmd.Context(), p, o)
	if result == nil {
		return err
	}
	return v.refused(p, errors.Join(err, result.WriteReports(cmd.Context(), reports, v.app.Stdout), v.finish(cmd.Context(), engine, result)))
}

// refused returns the error of a run. If GitLab would refuse the pipeline, only
// jobs that the user named can pass.
func (v *jobVerb) refused(p *pipelinerun.Plan, err error) error {
	if err != nil || !p.Refused || v.named(p) {
		return err
	}
	return statusError(1)
}

// named reports whether the user named one of the jobs, now or in the run that is
// retried.
func (v *jobVerb) named(p *pipelinerun.Plan) bool {
	if v.retryOf != nil && len(v.given) == 0 {
		return v.retryOf.Named
	}
	return p.Names(v.given)
}

// plan reads the pipeline of the current project and chooses jobs. The caller
// must call done, which removes temporary files.
func (v *jobVerb) plan(cmd *cobra.Command) (_ *pipelinerun.Plan, done func(), err error) {
	ctx := cmd.Context()
	tree := pipelinerun.SourceOptions{Commit: v.commit, Checkouts: pipelinerun.CheckoutsDir(userdirs.Cache(v.app.Getenv)), Writable: v.writable}
	source, e, err := v.app.evaluate(cmd, &v.event, tree)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			source.Close()
		}
	}()
	p, err := e.Plan(ctx, v.choice)
	if err != nil {
		return nil, nil, err
	}
	e.WarnChosen(p.Jobs)
	if err := p.FindImages(ctx, v.imageOptions()); err != nil {
		return nil, nil, err
	}
	p.AddEnv(v.extraEnv)
	return p, source.Close, nil
}

func (v *jobVerb) imageOptions() pipelinerun.ImageOptions {
	o := v.images
	o.Environments = &imageplan.Environments{Workspace: v.app.workspace(), Mirrors: v.app.mirrors, ManifestFailed: v.app.manifestFailed}
	o.Exact = o.Exact || v.app.Getenv("CI") != ""
	o.Offline, o.Upstream = v.app.offline, v.event.Upstream
	if v.limits.Network == api.NetworkHost {
		o.Network = api.NetworkHost
	}
	return o
}

func (v *jobVerb) connect(cmd *cobra.Command) (pipelinerun.Engine, error) {
	engine, err := v.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return nil, err
	}
	return pipelinerun.Podman(engine), nil
}

func (v *jobVerb) localOptions(engine pipelinerun.Engine) (o pipelinerun.LocalOptions, err error) {
	o = v.local
	o.Engine, o.Console, o.Limits, o.Caches, o.Keep = engine, v.app.console(), v.limits.Limits, userdirs.Cache(v.app.Getenv), v.keeps()
	o.Secrets, o.Hidden, o.Files = v.event.given.All, v.event.given.Hidden(v.extraEnv), v.event.given.Files
	o.Store, err = v.app.runs()
	return o, err
}

// keeps reports whether to keep the containers of failed jobs. The default is to
// keep them in interactive use.
func (v *jobVerb) keeps() bool {
	if v.onFailure == "" {
		return stdio.IsTerminal(v.app.Stdin) && v.app.Terminal()
	}
	return v.onFailure != "none"
}
