// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/remotepipeline"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
)

// RemoteOptions say which jobs GitLab runs, and where.
type RemoteOptions struct {
	Project   string           // absolute directory
	Store     *jobrecord.Store // where the run is kept
	Console   progress.Console
	Messages  Messages
	Choice    Choice        // no names select the whole pipeline
	Variables []string      // NAME=VALUE
	Timeout   time.Duration // 0 for none

	Remote        string // git remote to push to; "" for the default
	Host          string // GitLab server; "" for that of the remote
	RemoteProject string // GROUP/NAME; "" for that of the remote
	NoPush        bool   // do not push; follow the newest pipeline of the commit
	Poll          time.Duration
	Getenv        func(string) string
	Log           *slog.Logger
}

// Remote has GitLab run the pipeline of the current branch, and records the run
// as if it were local. The Result is nil if no pipeline was found. A
// remotepipeline.ErrTimeout error comes with a Result.
func Remote(ctx context.Context, o RemoteOptions) (*Result, error) {
	known := readKnownJobs(ctx, o)
	names, err := known.choose(o.Choice)
	if err != nil {
		return nil, err
	}
	live, err := o.Store.Create()
	if err != nil {
		return nil, err
	}
	defer live.Close()
	left := artifacts.In(o.Project)
	left.Sweep()
	display, done := newRemoteDisplay(o.Console, o.Messages, max(2, len(known.Jobs)))
	ended, err := remotepipeline.Run(ctx, remotepipeline.Options{
		Directory: o.Project,
		Artifacts: left,
		Logs:      live.Dir,
		Remote:    o.Remote,
		Host:      o.Host,
		Project:   o.RemoteProject,
		NoPush:    o.NoPush,
		Variables: runVariables(o.Variables),
		Jobs:      names,
		Needs:     known.needs(),
		JUnit:     known.junit(),
		PollMin:   o.Poll,
		PollMax:   5 * o.Poll,
		Timeout:   o.Timeout,
		Watch:     display.update,
		Getenv:    o.Getenv,
		Log:       o.Log,
	})
	done()
	if ended == nil {
		return nil, err
	}
	result := display.result(known, ended, o.Project, live.Dir)
	if len(result.Run.Jobs) > 0 { // otherwise nothing ran
		err = errors.Join(err, jobrecord.Write(live.Dir, result.Run))
	}
	return result, err
}

// result converts the result of a remote pipeline.
func (s *remoteDisplay) result(known *knownJobs, ended *remotepipeline.Result, project, dir string) *Result {
	run := &jobrecord.Run{ID: filepath.Base(dir), Project: project, Event: gitlabci.Push, Engine: ended.URL, Ended: time.Now()}
	run.Started = run.Ended
	result := &Result{
		Run: run, Dir: dir, Secrets: ended.Secrets,
		Remote: &RemotePipeline{URL: ended.URL, Status: ended.Status, OK: ended.OK()},
	}
	for i := range ended.Jobs {
		j := &ended.Jobs[i]
		r := s.jobResult(j)
		result.Jobs = append(result.Jobs, r)
		row := jobrecord.Job{Name: j.Name}
		if job := known.find(j.Name); job != nil {
			row = newRecord(job)
		}
		row.Stage, row.Started, row.Artifacts = j.Stage, j.Started, j.Artifacts
		recordResult(&row, &r)
		for _, file := range j.JUnit {
			if name, err := filepath.Rel(j.Artifacts, file); err == nil {
				row.JUnit = append(row.JUnit, name)
			}
		}
		run.Jobs = append(run.Jobs, row)
		if !j.Started.IsZero() && j.Started.Before(run.Started) {
			run.Started = j.Started
		}
		for _, note := range j.Notes {
			result.Remote.Notes = append(result.Remote.Notes, j.Name+": "+note)
		}
	}
	return result
}

// runVariables returns the variables for the pipeline. It adds RUN_PIPELINE=1
// unless named sets it.
func runVariables(named []string) []string {
	const name = "RUN_PIPELINE="
	if slices.ContainsFunc(named, func(v string) bool { return strings.HasPrefix(v, name) }) {
		return named
	}
	return append([]string{name + "1"}, named...)
}

// knownJobs are the jobs of the project's own pipeline files. GitLab's API does
// not return the needs of jobs.
type knownJobs struct{ gitlabci.Evaluation }

// readKnownJobs evaluates the pipeline for a push. Errors are warnings, because
// GitLab reports them as well.
func readKnownJobs(ctx context.Context, o RemoteOptions) *knownJobs {
	p, err := loadPipeline(o.Project, gitlabci.Options{})
	if err != nil {
		o.Messages.warnf("", "%v", err)
		return &knownJobs{}
	}
	source := &Source{Project: o.Project, git: &repository{}}
	defer source.git.close()
	event := gitlabci.Event{
		Source: gitlabci.Push, Namespace: "fork", Project: filepath.Base(o.Project), DefaultBranch: source.defaultBranch(ctx),
		Branch: "topic", Variables: map[string]string{},
	}
	for _, v := range runVariables(o.Variables) {
		name, value, _ := strings.Cut(v, "=")
		event.Variables[name] = value
	}
	e := p.Evaluate(event)
	o.Messages.problems(e.Problems)
	return &knownJobs{*e}
}

// choose returns the names and patterns of the jobs to wait for. Only the
// project's files say which target a job is for.
func (k *knownJobs) choose(c Choice) ([]string, error) {
	if len(c.Targets) == 0 && len(c.Arches) == 0 {
		return c.Names, nil
	}
	chosen, err := Choose(&k.Evaluation, c)
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

// needs returns, by job, the jobs that GitLab runs before it: its needs, or
// those of earlier stages.
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
			if startsItself(&other) && isBefore(&k.Evaluation, &other, &job) {
				needs[job.Name] = append(needs[job.Name], other.Name)
			}
		}
	}
	return needs
}

// junit returns, by job, the patterns of its JUnit reports.
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

// find returns the job called name, or nil.
func (k *knownJobs) find(name string) *gitlabci.Job {
	for i := range k.Jobs {
		if k.Jobs[i].Name == name {
			return &k.Jobs[i]
		}
	}
	return nil
}
