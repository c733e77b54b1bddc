// SPDX-License-Identifier: GPL-2.0-or-later

// Package jobrecord stores the records of job runs.
//
// Each run has a directory with one log per job and the file run.json, which
// contains a Run. Other commands read it to find a failed job, compare two runs
// or write reports.
package jobrecord

import (
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// A Run is the record of one command that ran jobs.
type Run struct {
	ID      string    `json:"id"`      // name of its directory, which sorts by time
	Project string    `json:"project"` // absolute directory of the project
	Commit  string    `json:"commit"`  // that was checked out, "" for the working tree
	Event   string    `json:"event"`   // "merge_request_event", as CI_PIPELINE_SOURCE has it; "" without a pipeline
	Engine  string    `json:"engine"`  // address of the podman service, or URL of the pipeline on GitLab
	Retry   string    `json:"retry"`   // ID of the run that it retries, or ""
	Flags   []string  `json:"flags"`   // "--NAME=VALUE" flags that select what runs
	Named   bool      `json:"named"`   // whether the user named a job and not only patterns
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"` // zero while it runs, or if it was killed
	Jobs    []Job     `json:"jobs"`  // in the order of their start
}

// A Job is the record of one job, or of one workload.
type Job struct {
	Name   string   `json:"name"`
	Stage  string   `json:"stage"` // "" without a pipeline
	Target string   `json:"target"`
	Arch   string   `json:"arch"`
	Kind   string   `json:"kind"` // see gitlabci.Role
	Needs  []string `json:"needs"`

	State    outcome.State `json:"state"` // Waiting or Running if the run was killed
	Allowed  bool          `json:"allowed"`
	Code     int           `json:"code"`
	Line     string        `json:"line"`     // first line that reports the failure
	Coverage string        `json:"coverage"` // percentage from its log, or ""
	Command  string        `json:"command"`  // command that failed, as in the script; "" if unknown
	Resumed  int           `json:"resumed"`  // number of the command at which it resumed, from 1; 0 if it ran from the start
	Of       string        `json:"of"`       // name of the job that it repeats, or ""
	Built    bool          `json:"built"`    // whether its image was built for it
	Started  time.Time     `json:"started"`  // zero if it did not run
	Duration float64       `json:"seconds"`

	Phases   []Phase   `json:"phases"`   // in their order; null if it did not run
	Commands []Command `json:"commands"` // of script, then of after_script; null if unknown
	Crashes  []Crash   `json:"crashes"`  // processes whose cores were found; null for none

	Image     string   `json:"image"`     // reference
	ImageID   string   `json:"image_id"`  // or ""
	Container string   `json:"container"` // kept container, or ""
	Tree      string   `json:"tree"`      // host directories with the files at the start, upper layer first, one per line
	WorkDir   string   `json:"workdir"`   // in the container
	Env       []string `json:"env"`       // NAME=VALUE, sorted, in addition to the image's variables
	Packages  []string `json:"packages"`  // lines of the image's /packages.txt; null if unknown

	Log       string   `json:"log"`       // file name in the run's directory
	Artifacts string   `json:"artifacts"` // absolute directory, or ""
	JUnit     []string `json:"junit"`     // reports, as paths below Artifacts
}

// A Phase is one part of a job's run time.
type Phase struct {
	Name     string  `json:"name"` // "image", "prepare", "script", "after_script" or "artifacts"
	Duration float64 `json:"seconds"`
}

// A Command is one command of a script that was started.
type Command struct {
	Stage    string    `json:"stage"`   // "script" or "after_script"
	Command  string    `json:"command"` // as the script has it
	Started  time.Time `json:"started"`
	Duration float64   `json:"seconds"`
}

// Failed reports whether the job ran and failed, whether or not the failure was
// allowed.
func (j *Job) Failed() bool {
	switch j.State {
	case outcome.Failed, outcome.TimedOut, outcome.NoImage, outcome.EngineError:
		return true
	}
	return false
}

// OK reports whether all failures of a finished run were allowed.
func (r *Run) OK() bool {
	for i := range r.Jobs {
		if j := &r.Jobs[i]; j.State != outcome.Passed && j.State != outcome.Continued && !j.Allowed && (j.State != outcome.Skipped || j.Line != "") {
			return false
		}
	}
	return true
}
