// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

type runVerb struct {
	app      *app
	engine   engineFlags
	build    imageFlags
	arches   archFlags
	projects string
	targets  []string

	dockerfiles dockerfileFlags

	script    string
	user      string
	env       []string
	writable  bool
	mountAt   string
	limits    limitFlags
	secrets   secretFlags
	parallel  int
	failFast  bool
	keepGoing bool
	logDir    string
	format    string
}

func newRun(a *app) *cobra.Command {
	r := &runVerb{app: a, engine: engineFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "run (-t TARGET [-p PROJECTS] | --dockerfile FILE) [--script FILE] -- COMMAND...",
		Short: "Run a command on the project directory in containers of targets",
		Long: `Build the image of each target, unless it exists and nothing has changed, and run a
command or a script in it. The project directory is mounted at ` + workload.MountPoint + `, where the command
starts. Unless --writable is given, what the command writes there is discarded and the
directory on this machine does not change. A podman on another machine is sent a copy.
What is built with --writable may contain the path of the mount point: with
--mount-at "$PWD" it can be used on this machine and by "lcitool stats run".

Without --projects, the projects are those that ci/manifest.yml has for the target.
With --dockerfile, the image is built from a Dockerfile of the project.

With one target, the command has the standard input, output and terminal of lcitool, and
its exit status becomes that of lcitool: 124 means that it exceeded --timeout, 125 that
the engine failed. With several targets, each line of output begins with the target, the
log of each target is saved, and a table shows the results. The exit status is then 1 if
the command failed on one of them.`,
		Args: cobra.ArbitraryArgs,
		RunE: r.run,
	}
	f := cmd.Flags()
	f.StringArrayVarP(&r.targets, "target", "t", nil, "target to run on, or a pattern such as 'debian-*'; may be repeated (required without --dockerfile)")
	cliflags.Choice(f, &r.format, "format", "", "output format: text, or json for the results; the output of the commands then goes to stderr", "text", "json")
	f.StringVarP(&r.projects, "projects", "p", "", "projects whose dependencies to install, separated by commas (default those in ci/manifest.yml)")
	r.arches.crossFlag(cmd)
	f.StringVar(&a.baseDir, "base-dir", "", "project directory (default the current directory)")
	f.StringVar(&r.script, "script", "", "script to copy into the container and run, with COMMAND as its arguments")
	f.StringVar(&r.user, "user", "", "user to run as: a user of this machine or of the image, or UID[:GID] (default the current user)")
	f.StringArrayVar(&r.env, "env", nil, "environment variable to set: NAME=VALUE, or NAME to pass its current value; may be repeated")
	f.BoolVar(&r.writable, "writable", false, "let the command write to the project directory")
	f.StringVar(&r.mountAt, "mount-at", "", "mount point of the project directory in the container, for example \"$PWD\" (default "+workload.MountPoint+")")
	r.dockerfiles.flags(f)
	r.limits.flags(f)
	r.secrets.flags(f)
	f.IntVarP(&r.parallel, "jobs", "j", 0, "maximum number of targets to run in parallel (default from CPUs and memory)")
	f.BoolVar(&r.keepGoing, "keep-going", false, "continue with other targets after a failure (the default)")
	f.BoolVar(&r.failFast, "fail-fast", false, "stop all targets after the first failure")
	f.StringVar(&r.logDir, "log-dir", "", "directory to create for the logs of several targets (default in ~/.local/state/lcitool/target-runs)")
	r.build.flags(f)
	a.verboseFlag(f)
	r.engine.flags(cmd)
	return cmd
}

func (r *runVerb) run(cmd *cobra.Command, args []string) error {
	if err := r.check(cmd, args); err != nil {
		return err
	}
	secrets, err := r.secrets.read(cmd)
	if err != nil {
		return err
	}
	workloads, err := r.workloads(cmd.Context(), args, secrets)
	if err != nil {
		return err
	}
	engine, err := r.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	if !engine.Local() {
		if r.writable {
			return fmt.Errorf("cannot write to the project's directory: podman at %s is on another machine and gets a copy", engine.Address())
		}
		for i := range workloads {
			workloads[i].Tree.Sent = true
		}
	}
	runner := &workload.Runner{
		Engine:    engine,
		LookupEnv: os.LookupEnv,
		Warn:      func(workload, what string) { r.app.warnf(workload, "%s", what) },
	}
	if len(workloads) == 1 && r.format == "text" {
		s, done := r.app.Shared()
		s.Build, s.Built = r.app.buildLog(workloads[0].Image.Build.Tag, r.app.Stderr)
		defer done()
		return r.advise(runner.Run(cmd.Context(), workloads[0], s))
	}
	return r.matrix(cmd.Context(), runner, workloads)
}

func (r *runVerb) check(cmd *cobra.Command, args []string) error {
	switch {
	case len(r.dockerfiles.Files) > 0 && (len(r.targets) > 0 || r.projects != "" || r.arches.Cross != ""):
		return cliflags.Usagef(cmd, "argument --dockerfile: not allowed with arguments --target, --projects and --cross-arch")
	case len(r.targets) == 0 && len(r.dockerfiles.Files) == 0:
		return cliflags.Usagef(cmd, "the following arguments are required: --target")
	case len(args) == 0 && r.script == "":
		return cliflags.Usagef(cmd, "the following arguments are required: COMMAND")
	case r.parallel < 0:
		return cliflags.Usagef(cmd, "argument --jobs: must not be negative")
	}
	if err := cliflags.Exclude(cmd, "fail-fast keep-going"); err != nil {
		return err
	}
	for i, t := range r.targets {
		if slices.Contains(r.targets[:i], t) {
			return cliflags.Usagef(cmd, "argument --target: '%s' is given twice", t)
		}
	}
	if err := workload.CheckMountPoint(r.mountAt); err != nil {
		return cliflags.Usagef(cmd, "argument --mount-at: %w", err)
	}
	if err := r.dockerfiles.check(cmd); err != nil {
		return err
	}
	if err := r.limits.check(cmd); err != nil {
		return err
	}
	return r.arches.check(cmd)
}

func (r *runVerb) workloads(ctx context.Context, command []string, secrets []api.Secret) ([]workload.Workload, error) {
	all, err := r.app.planner(r.build).Workloads(ctx, imageplan.WorkloadOptions{
		Targets: r.targets, Cross: r.arches.Cross, Projects: r.projects, Dockerfiles: r.dockerfiles.Dockerfiles,
		Workload: workload.Workload{
			Tree:    workload.Tree{Dir: r.app.workspace().BaseDir(), MountAt: r.mountAt, Writable: r.writable},
			Command: command, Script: r.script, User: cmp.Or(r.user, workload.Caller()), Env: r.env, Secrets: secrets, Limits: r.limits.Limits,
		},
	})
	if err != nil {
		return nil, err
	}
	return all, r.app.checkWarnings()
}

// advise returns the error of a result, with a hint about the target's image if
// there is one.
func (r *runVerb) advise(result outcome.Result) error {
	if errors.Is(result.Err, api.ErrTimeout) {
		return fmt.Errorf("%s: %w", result.Workload, result.Err)
	}
	return r.app.planner(r.build).Advise(result.Err, result.Workload)
}
