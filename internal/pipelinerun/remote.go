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
	Claim         remotepipeline.Claim
	NoPush        bool // do not push; follow the newest pipeline of the commit
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
	display, done := newRemoteDisplay(o.Console, o.Messages, max(2, known.count()))
	ended, err := remotepipeline.Run(ctx, remotepipeline.Options{
		Directory: o.Project,
		Artifacts: left,
		Logs:      live.Dir,
		Remote:    o.Remote,
		Host:      o.Host,
		Project:   o.RemoteProject,
		Claim:     o.Claim,
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
			row.Name = j.Name
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
