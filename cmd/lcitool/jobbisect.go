// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

func newJobBisect(a *app) *cobra.Command {
	v := newJobVerb(a)
	var good, bad, command string
	cmd := &cobra.Command{
		Use:   "bisect JOB --good REV --bad REV",
		Short: "Find the commit that broke a job",
		Long: `Run a job at commits between a good and a bad one, as in a binary search, and print the
first commit at which it fails. Each commit runs as with "job run --commit", in the image
that its own Dockerfile describes. Your working tree does not change.

A commit is skipped if the script of the job does not start: the pipeline cannot be read
or has no such job, the image cannot be built, or a job that it needs fails. It is also
skipped if the script exits with status 125. An interrupted search continues when the
same command is run again.

The exit status is 0 if the first bad commit was found, and 1 if skipped commits make
it ambiguous.`,
		Example: `  lcitool job bisect x86_64-debian-12 --good v1.2.0 --bad HEAD
  lcitool job bisect x86_64-debian-12 --good HEAD~20 --bad HEAD --run './build.sh sums'`,
		Args: cliflags.Args("JOB"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if good == "" || bad == "" {
				return cliflags.Usagef(cmd, "the following arguments are required: --good, --bad")
			}
			if err := v.limits.check(cmd); err != nil {
				return err
			}
			return v.bisect(cmd, args[0], good, bad, command)
		},
	}
	f := cmd.Flags()
	f.StringVar(&good, "good", "", "commit at which the job passes (required)")
	f.StringVar(&bad, "bad", "", "later commit at which the job fails (required)")
	f.StringVar(&command, "run", "", "command to run instead of the job's script, after its before_script")
	f.StringArrayVar(&v.env, "env", nil, "environment variable to set in jobs: NAME=VALUE, or NAME to pass its current value; may be repeated")
	v.imageFlags(f)
	v.limits.flags(f)
	v.event.flags(f)
	v.engine.flags(cmd)
	return cmd
}

// bisect searches for the first commit with which a job fails.
func (v *jobVerb) bisect(cmd *cobra.Command, job, good, bad, command string) error {
	a := v.app
	project, err := a.pipelineDirectory()
	if err != nil {
		return err
	}
	if v.extraEnv, err = settings.Environment(nil, v.env, os.LookupEnv); err != nil {
		return err
	}
	var engine *container.Engine
	v.choice.Names, v.onFailure = []string{job}, "none"
	lines, found, err := pipelinerun.Bisect(cmd.Context(), pipelinerun.BisectOptions{
		Project: project, Job: job, Good: good, Bad: bad, Command: command,
		StateDir: userdirs.State(a.Getenv), Messages: a.messages(), Step: func(line string) error { return a.Lines([]string{line}) },
		Connect: func() (err error) {
			engine, err = v.engine.connect(cmd.Context(), cmd)
			return err
		},
		Plan: func(commit string) (*pipelinerun.Plan, func(), error) {
			v.commit = commit
			return v.plan(cmd)
		},
		Local: func() (pipelinerun.LocalOptions, error) { return v.localOptions(engine) },
	})
	if err == nil {
		err = a.Lines(lines)
	}
	if err == nil && !found {
		return statusError(1)
	}
	return err
}
