// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/jobreport"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/remotepipeline"
)

type remoteOptions struct {
	remote bool // they are
	name   string
	host   string
	noPush bool
	poll   time.Duration
}

func (o *remoteOptions) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.remote, "remote", false, "run the jobs on GitLab: push the branch with RUN_PIPELINE=1 and follow its pipeline; without JOB, all of its jobs")
	f.StringVar(&o.name, "remote-name", "", "with --remote: git remote to push to (default the push remote of the branch, or origin)")
	f.StringVar(&o.host, "host", "", "with --remote: GitLab server (default that of the git remote)")
	f.BoolVar(&o.noPush, "no-push", false, "with --remote: follow the newest pipeline of the commit instead of pushing")
	f.DurationVar(&o.poll, "poll", 2*time.Second, "with --remote: minimum time between two status requests")
}

// localFlags returns the flags of "job run" that apply only to local jobs.
func localFlags() []string {
	return []string{
		"no-needs", "commit", "writable", "env", "env-file", "file-var", "network", "memory", "cpus", "device", "jobs", "keep-going", "fail-fast", "on-failure",
		"ci-dir", "render", "pull", "bootstrap", "no-cache", "exact", "debug-tools", "event", "branch", "upstream", "changed",
		"untracked", "full-history", "server", "timestamps", "verbose", "events", "repeat", "until-failure",
	}
}

func (o *remoteOptions) check(a *app, cmd *cobra.Command) error {
	if !o.remote {
		return cliflags.Refuse(cmd, a.Getenv, "not allowed without argument --remote", "remote-name", "host", "no-push", "poll")
	}
	if err := cliflags.Refuse(cmd, a.Getenv, "not allowed with argument --remote", localFlags()...); err != nil {
		return err
	}
	switch {
	case a.offline:
		return cliflags.Usagef(cmd, "argument --remote: not allowed with argument --offline")
	case o.poll < 0 || o.poll > time.Hour:
		return cliflags.Usagef(cmd, "argument --poll: expected at most an hour, got %s", o.poll)
	}
	return nil
}

func (v *jobVerb) runRemote(cmd *cobra.Command, args []string) error {
	reports, err := jobreport.ParseRequests(v.reports)
	if err != nil {
		return cliflags.Usage(cmd, err)
	}
	if v.limits.Timeout < 0 {
		return cliflags.Usagef(cmd, "argument --timeout: must not be negative")
	}
	project, err := v.app.pipelineDirectory()
	if err != nil {
		return err
	}
	if err := v.event.load(v.app, cmd); err != nil {
		return err
	}
	for name := range v.event.given.Files {
		return fmt.Errorf("variable %s of type file cannot be given to a pipeline on GitLab", name)
	}
	store, err := v.app.runs()
	if err != nil {
		return err
	}
	v.choice.Names = args
	named, claim := v.remoteProject(cmd)
	result, err := pipelinerun.Remote(cmd.Context(), pipelinerun.RemoteOptions{
		Project:       project,
		Store:         store,
		Console:       v.app.Console(),
		Messages:      v.app.messages(),
		Choice:        v.choice,
		Variables:     v.event.given.All,
		Timeout:       v.limits.Timeout,
		Remote:        v.remote.name,
		Host:          v.remote.host,
		RemoteProject: named,
		Claim:         claim,
		NoPush:        v.remote.noPush,
		Poll:          v.remote.poll,
		Getenv:        v.app.Getenv,
		Log:           v.app.log(),
	})
	if result == nil {
		return err
	}
	finished := v.app.finishRemote(cmd.Context(), result, reports)
	var ended statusError
	switch {
	case err == nil:
		return finished
	case errors.Is(err, remotepipeline.ErrTimeout):
		errortext.Print(v.app.Infof, err)
		return statusError(124)
	case errors.As(finished, &ended): // err has more details
		return err
	}
	return errors.Join(err, finished)
}

// remoteProject returns the project that the user names, "" for none, and the one
// that the settings of the checkout name. The token is the user's, so the user's
// settings precede those of the checkout here.
func (v *jobVerb) remoteProject(cmd *cobra.Command) (string, remotepipeline.Claim) {
	const key = "project"
	read := v.app.settings
	switch {
	case cmd.Flags().Changed(key) || read.Project == nil:
		return v.event.Project, remotepipeline.Claim{}
	case read.User != nil && read.User.Values[key].Text != "":
		return read.User.Values[key].Text, remotepipeline.Claim{}
	}
	value := read.Project.Values[key]
	return "", remotepipeline.Claim{Project: value.Text, Origin: value.Pos.String()}
}

func (a *app) finishRemote(ctx context.Context, result *pipelinerun.Result, reports []jobreport.Request) error {
	if len(result.Jobs) > 0 {
		if err := a.Table(result.Rows()); err != nil {
			return err
		}
	}
	a.Infos(result.Notes(false))
	if err := result.WriteReports(ctx, reports, a.Stdout); err != nil {
		return err
	}
	if !result.OK() {
		return statusError(1)
	}
	return nil
}
