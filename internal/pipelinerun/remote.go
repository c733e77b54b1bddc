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
	Choice    Choice        // no name stands for the whole pipeline
	Variables []string      // NAME=VALUE
	Timeout   time.Duration // 0 for none

	Remote        string // git's name of where to push; "" for the usual one
	Host          string // the GitLab server; "" for that of the remote
	RemoteProject string // GROUP/NAME; "" for that of the remote
	NoPush        bool   // follow the newest pipeline of the commit
	Poll          time.Duration
	Getenv        func(string) string
	Log           *slog.Logger
}

// Remote has GitLab run the pipeline of the branch at hand, and keeps what
// comes of it as if it had run here. The Result is nil if no pipeline was
// found. An error that is remotepipeline.ErrTimeout comes with a Result.
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
	if len(result.Run.Jobs) > 0 { // else nothing ran that could be recorded
		err = errors.Join(err, jobrecord.Write(live.Dir, result.Run))
	}
	return result, err
}

// result is how jobs ended that GitLab ran.
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

// readKnownJobs reads the pipeline as a push would have it. What cannot be read
// is GitLab's to complain about.
func readKnownJobs(ctx context.Context, o RemoteOptions) *knownJobs {
	p, err := loadPipeline(o.Project, gitlabci.Options{})
	if err != nil {
		o.Messages.warnf("", "%v", err)
		return &knownJobs{}
	}
	event := gitlabci.Event{
		Source: gitlabci.Push, Namespace: "fork", Project: filepath.Base(o.Project), DefaultBranch: DefaultBranch(ctx, o.Project),
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

// choose gives the names and globs of what is to be waited for. Only the
// project's files tell which target a job is for.
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
			if startsItself(&other) && isBefore(&k.Evaluation, &other, &job) {
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
