// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/remotepipeline"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// remoteOptions say how jobs are run by GitLab instead of here.
type remoteOptions struct {
	remote  bool // they are
	name    string
	host    string
	project string
	noPush  bool
	poll    time.Duration

	// What the verb has anyway.
	jobs      jobrun.Choice // none named stands for all
	variables []string      // NAME=VALUE
	timeout   time.Duration // 0 for none
	reports   []jobReport
}

func (o *remoteOptions) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.remote, "remote", false, "push the branch with RUN_PIPELINE=1 and let GitLab run its pipeline; without JOB all of it is followed")
	f.StringVar(&o.name, "remote-name", "", "with --remote: git's name of where to push (default where git pushes the branch, or origin)")
	f.StringVar(&o.host, "host", "", "with --remote: the GitLab server (default that of the remote's address)")
	f.StringVar(&o.project, "project", "", "with --remote: the project, GROUP/NAME (default that of the remote's address)")
	f.BoolVar(&o.noPush, "no-push", false, "with --remote: follow the commit's newest pipeline; push nothing and start none")
	f.DurationVar(&o.poll, "poll", 2*time.Second, "with --remote: how often to look at most")
}

// localFlags are those of "job run" that say how jobs run here.
func localFlags() []string {
	return []string{
		"no-needs", "commit", "writable", "env", "network", "memory", "cpus", "device", "jobs", "keep-going", "fail-fast", "on-failure",
		"ci-dir", "render", "pull", "bootstrap", "no-cache", "exact", "event", "branch", "upstream", "changed",
	}
}

// check refuses what makes no sense, before anything is read.
func (o *remoteOptions) check(a *app, cmd *cobra.Command) error {
	wrong := func(format string, args ...any) error { return &usageError{cmd, fmt.Errorf(format, args...)} }
	given := func(name string) bool { // on the command line: a variable may be meant for other calls
		f := cmd.Flags().Lookup(name)
		return f != nil && f.Changed && a.getenv("LCITOOL_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))) == ""
	}
	if !o.remote {
		for _, name := range []string{"remote-name", "host", "project", "no-push", "poll"} {
			if given(name) {
				return wrong("argument --%s: not allowed without argument --remote", name)
			}
		}
		return nil
	}
	for _, name := range localFlags() {
		if given(name) {
			return wrong("argument --%s: not allowed with argument --remote", name)
		}
	}
	switch {
	case a.offline:
		return wrong("argument --remote: not allowed with argument --offline")
	case o.poll < 0 || o.poll > time.Hour:
		return wrong("argument --poll: expected at most an hour, got %s", o.poll)
	}
	return nil
}

// runRemote is what "job run" does with --remote.
func (v *jobVerb) runRemote(cmd *cobra.Command, args []string) error {
	reports, err := parseReports(cmd, v.reports)
	if err != nil {
		return err
	}
	o := v.remote
	o.jobs, o.variables, o.timeout, o.reports = v.choice, v.event.variables, v.limits.Timeout, reports
	o.jobs.Names = args
	return v.app.runRemote(cmd, o)
}

// runRemote lets GitLab run the pipeline of the branch at hand, and shows and
// keeps what comes of it as if it had run here.
func (a *app) runRemote(cmd *cobra.Command, o remoteOptions) error {
	if o.timeout < 0 {
		return &usageError{cmd, errors.New("argument --timeout: must not be negative")}
	}
	project, err := a.pipelineDirectory()
	if err != nil {
		return err
	}
	known := a.knownJobs(cmd.Context(), project, o.variables)
	names, err := known.choose(o.jobs)
	if err != nil {
		return err
	}
	store, err := a.runs()
	if err != nil {
		return err
	}
	live, err := store.Create()
	if err != nil {
		return err
	}
	defer live.Close() //nolint:errcheck // the record is there, or its error is returned
	dir := live.Dir
	show := newRemoteShow(a, known)
	result, err := remotepipeline.Run(cmd.Context(), remotepipeline.Options{
		Directory: project,
		Artifacts: filepath.Join(project, filepath.FromSlash(artifactsDir)),
		Logs:      dir,
		FileName:  termtext.FileName,
		Remote:    o.name,
		Host:      o.host,
		Project:   o.project,
		NoPush:    o.noPush,
		Variables: runVariables(o.variables),
		Jobs:      names,
		Needs:     known.needs(),
		JUnit:     known.junit(),
		PollMin:   o.poll,
		PollMax:   5 * o.poll,
		Timeout:   o.timeout,
		Watch:     show.update,
		Getenv:    a.getenv,
		Log:       a.log(),
	})
	show.close()
	if result == nil {
		return err
	}
	closing := a.closeRemote(show, result, project, dir, o.reports)
	var status statusError
	switch {
	case err == nil:
		return closing
	case errors.Is(err, remotepipeline.ErrTimeout):
		a.complain(err)
		return statusError(124)
	case errors.As(closing, &status): // err says more
		return err
	}
	return errors.Join(err, closing)
}

// runVariables are those that a pipeline is given: RUN_PIPELINE is 1 unless it
// is named.
func runVariables(named []string) []string {
	const name = "RUN_PIPELINE="
	if slices.ContainsFunc(named, func(v string) bool { return strings.HasPrefix(v, name) }) {
		return named
	}
	return append([]string{name + "1"}, named...)
}

// knownJobs is what the project's own files say of the jobs, by name. GitLab
// does not tell over its API what a job needs.
type knownJobs struct{ gitlabci.Evaluation }

// knownJobs reads the pipeline as a push would have it. What cannot be read is
// GitLab's to complain about.
func (a *app) knownJobs(ctx context.Context, project string, variables []string) *knownJobs {
	p, err := loadPipeline(project, nil)
	if err != nil {
		a.warnf("", "%v", err)
		return &knownJobs{}
	}
	event := gitlabci.Event{
		Source: gitlabci.Push, Namespace: "fork", Project: filepath.Base(project), DefaultBranch: remoteDefault(ctx, project),
		Branch: "topic", Variables: map[string]string{},
	}
	for _, v := range runVariables(variables) {
		name, value, _ := strings.Cut(v, "=")
		event.Variables[name] = value
	}
	e := p.Evaluate(event)
	a.warnProblems(e.Problems)
	return &knownJobs{*e}
}

// choose gives the names and globs of what is to be waited for. Only the
// project's files tell which target a job is for.
func (k *knownJobs) choose(c jobrun.Choice) ([]string, error) {
	if len(c.Targets) == 0 && len(c.Arches) == 0 {
		return c.Names, nil
	}
	chosen, err := jobrun.Choose(&k.Evaluation, c)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, j := range chosen.Jobs {
		names = append(names, j.Name)
	}
	if len(names) == 0 {
		return nil, errors.New("no job of the pipeline is for that target and architecture")
	}
	return names, nil
}

// needs lists for each job those that GitLab runs before it: what it needs, or
// the stages before its own.
func (k *knownJobs) needs() map[string][]string {
	needs := map[string][]string{}
	for _, job := range k.Jobs {
		if job.Ordered {
			for _, n := range job.Needs {
				needs[job.Name] = append(needs[job.Name], n.Job)
			}
			continue
		}
		for _, other := range k.Jobs {
			byItself := other.When != gitlabci.Manual && other.When != gitlabci.Never && other.When != gitlabci.OnFailure
			if byItself && slices.Index(k.Stages, other.Stage) < slices.Index(k.Stages, job.Stage) {
				needs[job.Name] = append(needs[job.Name], other.Name)
			}
		}
	}
	return needs
}

// junit lists for each job the globs of its JUnit reports.
func (k *knownJobs) junit() map[string][]string {
	globs := map[string][]string{}
	for _, job := range k.Jobs {
		if job.Artifacts == nil {
			continue
		}
		for _, r := range job.Artifacts.Reports {
			if r.Kind == "junit" {
				globs[job.Name] = append(globs[job.Name], r.Paths...)
			}
		}
	}
	return globs
}

// find gives the job of a name, nil if it is not known.
func (k *knownJobs) find(name string) *gitlabci.Job {
	for i := range k.Jobs {
		if k.Jobs[i].Name == name {
			return &k.Jobs[i]
		}
	}
	return nil
}
