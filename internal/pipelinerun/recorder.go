// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobevents"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// A recorder updates the record of a run while it runs, so that a killed run
// leaves a record.
type recorder struct {
	dir     string
	secrets *redact.Redactor
	events  *jobevents.Writer // nil for none
	at      map[string]int    // index of each job

	changed chan struct{} // has an element if the record must be written
	written chan error    // receives the first write error after the last write

	mu       sync.Mutex
	run      jobrecord.Run
	packages int // bytes of lists of packages that may still be recorded
}

// maxPackages limits the lists of packages of a run, which the images write, so
// that its record can be read again.
const maxPackages = 64 << 20

func newRecorder(dir string, run jobrecord.Run, list []*jobrun.Job, workDir string, secrets *redact.Redactor, events *jobevents.Writer) (*recorder, error) {
	run.ID, run.Started = filepath.Base(dir), time.Now()
	events.Run(&run)
	r := &recorder{dir: dir, secrets: secrets, events: events, at: map[string]int{}, run: run, changed: make(chan struct{}, 1), written: make(chan error, 1), packages: maxPackages}
	r.append(list, workDir)
	if err := jobrecord.Write(dir, &r.run); err != nil {
		return nil, err
	}
	go r.write()
	return r, nil
}

func (r *recorder) append(list []*jobrun.Job, workDir string) {
	for _, j := range list {
		row := newRecord(&j.Job)
		row.Of = j.Of
		row.Needs, row.State, row.Image, row.WorkDir = j.WaitsFor, outcome.Waiting, j.Image.Reference, workDir
		r.at[j.Name] = len(r.run.Jobs)
		r.run.Jobs = append(r.run.Jobs, row)
		r.events.Planned(&row)
	}
}

// add adds jobs to the record of a run that goes on and returns the index of the
// first.
func (r *recorder) add(list []*jobrun.Job, workDir string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := len(r.run.Jobs)
	r.append(list, workDir)
	r.touch()
	return first
}

func newRecord(j *gitlabci.Job) jobrecord.Job {
	role := j.Role()
	return jobrecord.Job{Name: j.Name, Stage: j.Stage, Target: role.Target, Arch: role.Arch, Kind: role.Kind}
}

func (r *recorder) event(e scheduler.Event) {
	if e.State == "" || e.State == outcome.Waiting {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	j := &r.run.Jobs[r.at[e.Task]]
	if j.State = e.State; e.State == outcome.Running {
		j.Started, j.Log = e.Time, filepath.Base(e.Log)
	}
	if e.Result != nil {
		recordResult(j, e.Result)
	}
	log := ""
	if j.Log != "" {
		log = filepath.Join(r.dir, j.Log)
	}
	r.events.Job(e.Time, j, log)
	r.touch()
}

func (r *recorder) line(l scheduler.Line) { r.events.Line(l.Time, l.Task, l.Stream, l.Text) }

func (r *recorder) hide(text string) string { return redact.URLs(r.secrets.Text(text)) }

func recordResult(j *jobrecord.Job, result *outcome.Result) {
	j.State, j.Allowed, j.Code, j.Line, j.Built = result.State, result.Allowed, result.Code, redact.URLs(result.Line), result.Built
	j.Duration, j.Coverage = result.Duration.Seconds(), result.Coverage
	if result.Log != "" {
		j.Log = filepath.Base(result.Log)
	}
}

func (r *recorder) outcome(i int, o jobrun.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j := &r.run.Jobs[i]
	j.Tree, j.Resumed = o.Tree, o.Resumed
	j.ImageID, j.Container, j.Command = o.ImageID, o.Container, r.hide(o.Command)
	if o.Dir != "" {
		j.WorkDir = o.Dir
	}
	j.Env = nil
	for _, v := range o.Env {
		j.Env = append(j.Env, r.hide(v))
	}
	j.Packages, j.Artifacts, j.JUnit = r.listed(o.Packages), o.Artifacts, o.JUnit
	j.Crashes = crashRecords(o.Crashes, r.secrets)
	j.Phases, j.Commands = nil, nil
	for _, p := range o.Phases {
		j.Phases = append(j.Phases, jobrecord.Phase{Name: p.Name, Duration: p.Duration.Seconds()})
	}
	for _, c := range o.Commands {
		j.Commands = append(j.Commands, r.newCommand(c))
	}
	if j.Artifacts != "" {
		r.events.Artifacts(j.Name, j.Artifacts, j.JUnit)
	}
}

// listed returns a list of packages, or nil if there is no room for it. The caller
// holds r.mu.
func (r *recorder) listed(packages []string) []string {
	if size := listSize(packages); size <= r.packages {
		r.packages -= size
		return packages
	}
	return nil
}

// listSize returns the bytes that a list takes in the record.
func listSize(list []string) int {
	if len(list) == 0 {
		return 0
	}
	text, _ := json.Marshal(list) // strings always have a form
	return len(text)
}

func (r *recorder) newCommand(c jobrun.Command) jobrecord.Command {
	return jobrecord.Command{Stage: c.Stage, Command: r.hide(c.Text), Started: c.Started, Duration: c.Duration.Seconds()}
}

func (r *recorder) command(job string, e jobrun.CommandEvent) {
	if e.Ended {
		r.events.Ended(job, e.Number, r.newCommand(e.Command))
	} else {
		r.events.Begun(job, e.Number, r.newCommand(e.Command))
	}
}

// results records the results of jobs. first is the index of the first in the
// record.
func (r *recorder) results(first int, results []outcome.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range results {
		recordResult(&r.run.Jobs[first+i], &results[i])
	}
	r.touch()
}

// touch requests that the record is written, without waiting for the disk.
func (r *recorder) touch() {
	select {
	case r.changed <- struct{}{}:
	default: // it will be anyway
	}
}

// write writes the record whenever it has changed, until changed is closed.
func (r *recorder) write() {
	var first error
	for range r.changed {
		r.mu.Lock()
		run := r.run
		run.Jobs = slices.Clone(run.Jobs)
		r.mu.Unlock()
		if err := jobrecord.Write(r.dir, &run); first == nil {
			first = err
		}
	}
	r.written <- first
}

// end returns the final record. The recorder must not be used afterwards.
func (r *recorder) end() (*jobrecord.Run, error) {
	r.mu.Lock()
	r.run.Ended = time.Now()
	r.mu.Unlock()
	r.touch()
	close(r.changed)
	r.events.End(&r.run)
	return &r.run, errors.Join(<-r.written, eventsError(r.events.Flush()))
}

func eventsError(err error) error {
	if err != nil {
		return fmt.Errorf("cannot write all events of the run: %w", err)
	}
	return nil
}
