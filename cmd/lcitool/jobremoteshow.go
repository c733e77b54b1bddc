// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/remotepipeline"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A remoteShow shows jobs that run elsewhere as those that run here.
type remoteShow struct {
	app     *app
	known   *knownJobs
	board   *progress.Display
	live    bool
	stderr  io.Writer // as it was before
	failing map[string]*remoteFailure
}

// A remoteFailure is what the log of a job says of its failure.
type remoteFailure struct {
	outcome.FailingLine
	code int // exit status
}

// exitCode matches the line with which a runner ends the log of a job whose
// script failed.
var exitCode = regexp.MustCompile(`^ERROR: Job failed: .*exit (?:code|status) (\d{1,3})\b`)

// see takes the next line of the log.
func (f *remoteFailure) see(line string) {
	if m := exitCode.FindStringSubmatch(line); m != nil {
		f.code, _ = strconv.Atoi(m[1])
		return // the runner's word; the job's own came before
	}
	f.See(line)
}

func newRemoteShow(a *app, known *knownJobs) *remoteShow {
	live := a.terminal()
	s := &remoteShow{app: a, known: known, live: live, stderr: a.stderr, failing: map[string]*remoteFailure{}}
	s.board = progress.New(progress.Options{Out: a.stderr, Live: live, Color: live && a.getenv("NO_COLOR") == "", Parallel: max(2, len(known.Jobs))})
	a.stderr = s.board // what is said meanwhile goes above the board's lines
	return s
}

// update takes what happened to a job, one call at a time.
func (s *remoteShow) update(u remotepipeline.Update) {
	if u.Job == "" {
		s.app.tell("%s", u.Line)
		return
	}
	f := s.failing[u.Job]
	if f == nil || u.State == remotepipeline.Waiting { // it has been started again
		f = &remoteFailure{code: 1}
		s.failing[u.Job] = f
	}
	e := scheduler.Event{Time: time.Now(), Task: u.Job, State: outcome.State(u.State), Line: u.Line}
	switch {
	case u.State == "":
		f.see(u.Line)
		if !s.live {
			_, _ = fmt.Fprintf(s.app.stdout, "%s | %s\n", termtext.Line(u.Job), termtext.Line(u.Line)) // a reader that is gone is no fault of a job
		}
	case u.Ended != nil:
		result := s.result(u.Ended)
		e.Result = &result
	case u.State.Ended():
		return // it waits for somebody to start it
	}
	s.board.Event(e)
}

// close ends the live lines.
func (s *remoteShow) close() {
	s.board.Close()
	s.app.stderr = s.stderr
}

// result puts how a job ended into the words of those that run here.
func (s *remoteShow) result(j *remotepipeline.Job) outcome.Result {
	r := outcome.Result{
		Workload: j.Name, State: outcome.State(j.State), Allowed: j.AllowFailure && j.State.Bad(),
		Started: j.Started, Duration: j.Duration, Log: j.Log,
	}
	if j.State == remotepipeline.NotRun { // nothing went wrong with it
		r.State = outcome.Skipped
	}
	if !j.State.Bad() {
		return r
	}
	f := s.failing[j.Name]
	if f == nil {
		f = &remoteFailure{code: 1}
	}
	r.Line = f.Text()
	switch j.State {
	case remotepipeline.Broken, remotepipeline.TimedOut:
		r.Line = cmp.Or(j.Reason, r.Line, "not known why")
		r.Err = errors.New(r.Line)
	case remotepipeline.Failed:
		r.Line, r.Code = cmp.Or(r.Line, j.Reason), f.code
	}
	return r
}

// closeRemote says how the jobs ended, keeps it, and gives the exit status.
func (a *app) closeRemote(s *remoteShow, result *remotepipeline.Result, project, dir string, reports []jobReport) error {
	run := jobrecord.Run{
		ID: filepath.Base(dir), Project: project, Event: gitlabci.Push, Engine: result.URL, Ended: time.Now(),
	}
	run.Started = run.Ended
	var results []outcome.Result
	for i := range result.Jobs {
		j := &result.Jobs[i]
		r := s.result(j)
		results = append(results, r)
		run.Jobs = append(run.Jobs, recordRemote(s.known, j, r))
		if !j.Started.IsZero() && j.Started.Before(run.Started) {
			run.Started = j.Started
		}
	}
	if len(results) > 0 {
		if err := a.resultTable("JOB", results); err != nil {
			return err
		}
		a.tellOfFiles(result, dir)
	}
	a.tell("pipeline: %s (%s)", result.URL, cmp.Or(result.Status, "not known how it is"))
	var err error
	if len(run.Jobs) > 0 { // else nothing ran of which there is a record
		err = jobrecord.Write(dir, &run)
	}
	err = errors.Join(err, a.writeReports(reports, &run, dir, result.Secrets))
	if err == nil && !result.OK() {
		return statusError(1)
	}
	return err
}

func (a *app) tellOfFiles(result *remotepipeline.Result, dir string) {
	a.tell("logs: %s", dir)
	for _, j := range result.Jobs {
		if j.Artifacts != "" {
			a.tell("artifacts: %s", j.Artifacts)
		}
		for _, note := range j.Notes {
			a.tell("%s: %s", j.Name, note)
		}
	}
}

// recordRemote is what is kept of a job.
func recordRemote(known *knownJobs, j *remotepipeline.Job, r outcome.Result) jobrecord.Job {
	row := jobrecord.Job{
		Name: j.Name, Stage: j.Stage, State: r.State, Allowed: r.Allowed, Code: r.Code, Line: r.Line,
		Started: j.Started, Duration: j.Duration.Seconds(), Artifacts: j.Artifacts,
	}
	if job := known.find(j.Name); job != nil {
		role := job.Role()
		row.Target, row.Arch, row.Kind = role.Target, role.Arch, role.Kind
	}
	if j.Log != "" {
		row.Log = filepath.Base(j.Log)
	}
	for _, file := range j.JUnit {
		if name, err := filepath.Rel(j.Artifacts, file); err == nil {
			row.JUnit = append(row.JUnit, name)
		}
	}
	return row
}
