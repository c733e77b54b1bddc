// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

type bisectVerb struct {
	*jobVerb
	good, bad string
	command   string
	byImage   bool
	format    string
}

func newJobBisect(a *app) *cobra.Command {
	v := &bisectVerb{jobVerb: newJobVerb(a)}
	cmd := &cobra.Command{
		Use:   "bisect JOB --good REV --bad REV",
		Short: "Find the commit or the package update that broke a job",
		Long: `Run a job at commits between a good and a bad one, as in a binary search, and print the
first commit at which it fails. Each commit runs as with "job run --commit", in the image
that its own Dockerfile describes. Your working tree does not change.

The bad commit must have the job. It runs last, unless an earlier commit fails; so does the
good one, unless another commit passes. No commit is named if the job passes or cannot run
at the bad commit, or fails at the good one.

A commit is skipped if the script of the job does not start: the pipeline cannot be read
or has no such job, the image cannot be built, or a job that it needs fails. It is also
skipped if the script exits with status 125. An interrupted search continues when the
same command is run again.

With --images, --good and --bad are two images instead, or recorded jobs that ran in them,
as in "job diff": JOB@passed, JOB@failed or RUN:JOB. The job runs with the current tree in
the good image with some of the package updates that the bad image has. Only apt and dnf
can install a given version; updates whose versions no mirror of the good image has any
more are listed and left out. An update is named only if the job fails with this update
alone, or with the others that the package manager needs for it. The images of the steps
are removed.

The exit status is 0 if the commit or update was found. It is 1 if several are possible
because some were skipped, if the job was not seen to pass and to fail, or if something
else makes it fail.`,
		Example: `  lcitool job bisect x86_64-debian-12 --good v1.2.0 --bad HEAD
  lcitool job bisect x86_64-debian-12 --good HEAD~20 --bad HEAD --run './build.sh sums'
  lcitool job bisect x86_64-debian-12 --images --good debian-12:monday --bad x86_64-debian-12@failed`,
		Args: cliflags.Args("JOB"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if v.good == "" || v.bad == "" {
				return cliflags.Usagef(cmd, "the following arguments are required: --good, --bad")
			}
			if err := v.limits.check(cmd); err != nil {
				return err
			}
			return v.bisect(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&v.good, "good", "", "commit at which the job passes, or image in which it does (required)")
	f.StringVar(&v.bad, "bad", "", "later commit at which the job fails, or image in which it does (required)")
	f.BoolVar(&v.byImage, "images", false, "search for the package update between two images instead of a commit")
	f.StringVar(&v.command, "run", "", "command to run instead of the job's script, after its before_script")
	cliflags.Choice(f, &v.format, "format", "", "output format: text or json", "text", "json")
	f.StringArrayVar(&v.env, "env", nil, "environment variable to set in jobs: NAME=VALUE, or NAME to pass its current value; may be repeated")
	v.imageFlags(f)
	v.limits.flags(f)
	v.event.flags(f)
	v.engine.flags(cmd)
	return cmd
}

func (v *bisectVerb) bisect(cmd *cobra.Command, job string) (err error) {
	if v.extraEnv, err = settings.Environment(nil, v.env, os.LookupEnv); err != nil {
		return err
	}
	v.choice.Names, v.onFailure = []string{job}, "none"
	if v.byImage {
		return v.bisectImages(cmd, job)
	}
	return v.bisectCommits(cmd, job)
}

func (v *bisectVerb) bisectCommits(cmd *cobra.Command, job string) error {
	project, err := v.app.pipelineDirectory()
	if err != nil {
		return err
	}
	decides, err := v.settings(cmd)
	if err != nil {
		return err
	}
	var engine pipelinerun.Engine
	found, err := pipelinerun.Bisect(cmd.Context(), pipelinerun.BisectOptions{
		Project: project, Job: job, Good: v.good, Bad: v.bad, Command: v.command,
		Settings: decides,
		StateDir: userdirs.State(v.app.Getenv), Messages: v.app.messages(), Step: v.step,
		Connect: func() (err error) {
			engine, err = v.connect(cmd)
			return err
		},
		Plan: func(commit string) (*pipelinerun.Plan, func(), error) {
			v.commit = commit
			return v.plan(cmd)
		},
		Local: func() (pipelinerun.LocalOptions, error) { return v.localOptions(engine) },
	})
	if err != nil {
		return err
	}
	return v.show(found, found.Text, found.Found)
}

func (v *bisectVerb) bisectImages(cmd *cobra.Command, job string) error {
	p, done, err := v.plan(cmd)
	if err != nil {
		return err
	}
	defer done()
	engine, err := v.connect(cmd)
	if err != nil {
		return err
	}
	local, err := v.localOptions(engine)
	if err != nil {
		return err
	}
	decides, err := v.settings(cmd)
	if err != nil {
		return err
	}
	images := v.imageOptions()
	found, err := pipelinerun.BisectImages(cmd.Context(), p, pipelinerun.ImageBisectOptions{
		Job: job, Good: v.good, Bad: v.bad, Command: v.command, Settings: decides, StateDir: userdirs.State(v.app.Getenv), Messages: v.app.messages(),
		Local: local, Network: images.Network, Offline: images.Offline, Step: v.step,
	})
	if err != nil {
		return err
	}
	return v.show(found, found.Text, found.Found)
}

// settings returns what decides how the job runs, wherever it comes from. The
// verdicts of an interrupted search hold only for the same settings.
func (v *bisectVerb) settings(cmd *cobra.Command) ([]string, error) {
	if err := v.event.load(v.app, cmd); err != nil {
		return nil, err
	}
	var all []string
	for _, name := range recordedFlags() {
		if f := cmd.Flags().Lookup(name); f != nil {
			all = append(all, name+"="+f.Value.String())
		}
	}
	files := v.event.given.Files
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, name+"="+string(files[name]))
	}
	return slices.Concat(all, v.event.given.All, v.extraEnv), nil
}

func (v *bisectVerb) step(line string) error {
	if v.format == "json" {
		v.app.Infof("%s", line)
		return nil
	}
	return v.app.Lines([]string{line})
}

func (v *bisectVerb) show(result any, text []string, found bool) error {
	err := v.app.Result(v.format, result, text)
	if err == nil && !found {
		return statusError(1)
	}
	return err
}
