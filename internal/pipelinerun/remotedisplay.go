// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/remotepipeline"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A remoteDisplay shows jobs that GitLab runs like local ones.
type remoteDisplay struct {
	console  progress.Console
	messages Messages
	display  *progress.Display
	failing  map[string]*remoteFailure
}

// A remoteFailure finds the reason of a job's failure in its log.
type remoteFailure struct {
	outcome.FailingLine
	code int // exit status
}

// exitCode matches the last line of GitLab Runner's log of a failed script.
var exitCode = lazyregexp.New(`^ERROR: Job failed: .*exit (?:code|status) (\d{1,3})\b`)

// See processes the next line of the log.
func (f *remoteFailure) See(line string) {
	if m := exitCode.FindStringSubmatch(line); m != nil {
		f.code, _ = strconv.Atoi(m[1])
		return // the runner's word; the job's own came before
	}
	f.FailingLine.See(line)
}

func newRemoteDisplay(c progress.Console, m Messages, parallel int) (s *remoteDisplay, done func()) {
	s = &remoteDisplay{console: c, messages: m, failing: map[string]*remoteFailure{}}
	s.display, done = c.Show(parallel)
	return s, done
}

// update processes an event of a job. Calls must not overlap.
func (s *remoteDisplay) update(u remotepipeline.Update) {
	if u.Job == "" {
		s.messages.infof("%s", u.Line)
		return
	}
	f := s.failing[u.Job]
	if f == nil || u.State == outcome.Waiting { // it was started again
		f = &remoteFailure{code: 1}
		s.failing[u.Job] = f
	}
	e := scheduler.Event{Time: time.Now(), Task: u.Job, State: u.State, Line: u.Line}
	switch {
	case u.State == "":
		f.See(u.Line)
		if !s.console.Live {
			_, _ = fmt.Fprintf(s.console.Stdout, "%s | %s\n", termtext.Line(u.Job), termtext.Line(u.Line)) // a closed pipe must not fail the job
		}
	case u.Ended != nil:
		result := s.jobResult(u.Ended)
		e.Result = &result
	case u.State.Ended():
		return // a manual job that waits
	}
	s.display.Event(e)
}

func (s *remoteDisplay) jobResult(j *remotepipeline.Job) outcome.Result {
	r := outcome.Result{
		Workload: j.Name, State: j.State, Allowed: j.AllowFailure && j.State.Bad(),
		Started: j.Started, Duration: j.Duration, Log: j.Log,
	}
	if j.State == outcome.NotRun { // it has no error
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
	case outcome.EngineError, outcome.TimedOut:
		r.Line = cmp.Or(j.Reason, r.Line, "not known why")
		r.Err = errors.New(r.Line)
	case outcome.Failed:
		r.Line, r.Code = cmp.Or(r.Line, j.Reason), f.code
	}
	return r
}
