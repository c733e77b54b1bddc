// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"path/filepath"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/jobs"
)

// A recorder keeps the record of a run while it goes on, so that what is known
// when we are killed is not lost.
type recorder struct {
	dir string
	at  map[string]int // index of each job

	mu  sync.Mutex
	run jobrecord.Run
	err error // the first one of writing
}

func newRecorder(dir string, run jobrecord.Run, list []*jobrun.Job, workDir string) (*recorder, error) {
	run.ID, run.Started = filepath.Base(dir), time.Now()
	r := &recorder{dir: dir, at: map[string]int{}, run: run}
	for i, j := range list {
		role := j.Role()
		r.at[j.Name] = i
		r.run.Jobs = append(r.run.Jobs, jobrecord.Job{
			Name: j.Name, Stage: j.Stage, Target: role.Target, Arch: role.Arch, Kind: role.Kind, Needs: j.After,
			State: jobs.Waiting, Image: j.Image.Reference, WorkDir: workDir,
		})
	}
	return r, jobrecord.Write(dir, &r.run)
}

// event takes down what happened to a job.
func (r *recorder) event(e jobs.Event) {
	if e.State == "" || e.State == jobs.Waiting {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	j := &r.run.Jobs[r.at[e.Task]]
	if j.State = e.State; e.State == jobs.Running {
		j.Started = e.Time
	}
	if e.Result != nil {
		j.Allowed, j.Code, j.Line, j.Built = e.Result.Allowed, e.Result.Code, e.Result.Line, e.Result.Built
		j.Duration = e.Result.Duration.Seconds()
		if e.Result.Log != "" {
			j.Log = filepath.Base(e.Result.Log)
		}
	}
	r.write()
}

// outcome takes down what is known of a job that ran.
func (r *recorder) outcome(i int, o jobrun.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j := &r.run.Jobs[i]
	j.ImageID, j.Container, j.Command, j.Env = o.ImageID, o.Container, o.Command, o.Env
	j.Packages, j.Artifacts, j.JUnit = o.Packages, o.Artifacts, o.JUnit
}

// write is called with the lock.
func (r *recorder) write() {
	if err := jobrecord.Write(r.dir, &r.run); err != nil && r.err == nil {
		r.err = err
	}
}

// end gives the record of a run that is over.
func (r *recorder) end() (*jobrecord.Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.Ended = time.Now()
	r.write()
	return &r.run, r.err
}
