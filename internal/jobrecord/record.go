// SPDX-License-Identifier: GPL-2.0-or-later

// Package jobrecord keeps what runs of jobs came to.
//
// A run has a directory of its own with a log of each job, and run.json, which
// is a Run. Other verbs find the failed job there, compare two runs or report
// on one.
package jobrecord

import (
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// A Run is one call that ran jobs.
type Run struct {
	ID      string    `json:"id"`      // name of its directory, which sorts by time
	Project string    `json:"project"` // absolute directory of the project
	Commit  string    `json:"commit"`  // that was checked out, "" for the working tree
	Event   string    `json:"event"`   // "merge_request_event", as CI_PIPELINE_SOURCE has it; "" without a pipeline
	Engine  string    `json:"engine"`  // address of the engine
	Retry   string    `json:"retry"`   // ID of the run whose jobs it runs again, "" for none
	Flags   []string  `json:"flags"`   // "--NAME=VALUE" of those that say what runs
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"` // zero while it runs, or if it was killed
	Jobs    []Job     `json:"jobs"`  // in the order in which they were to begin
}

// A Job is one job of a run, or one workload.
type Job struct {
	Name   string   `json:"name"`
	Stage  string   `json:"stage"` // "" without a pipeline
	Target string   `json:"target"`
	Arch   string   `json:"arch"`
	Kind   string   `json:"kind"` // as gitlabci.Role has it
	Needs  []string `json:"needs"`

	State    outcome.State `json:"state"` // Waiting or Running if the run was killed
	Allowed  bool          `json:"allowed"`
	Code     int           `json:"code"`
	Line     string        `json:"line"`     // first line that reports the failure
	Coverage string        `json:"coverage"` // percentage that its log reports, "" for none
	Command  string        `json:"command"`  // that failed, as the script has it; "" if not known
	Resumed  int           `json:"resumed"`  // number of the command at which it went on, from 1; 0 if it began at the first
	Of       string        `json:"of"`       // name of the job that it repeats, "" for none
	Built    bool          `json:"built"`    // its image was built for it
	Started  time.Time     `json:"started"`  // zero if it did not run
	Duration float64       `json:"seconds"`

	Phases   []Phase   `json:"phases"`   // in their order; null if it did not run
	Commands []Command `json:"commands"` // of the script, then of after_script; null if not known

	Image     string   `json:"image"`     // reference
	ImageID   string   `json:"image_id"`  // "" if there is none
	Container string   `json:"container"` // that was kept, "" for none
	Tree      string   `json:"tree"`      // directories of the host with the files that the container began with, upper ones first, a line each
	WorkDir   string   `json:"workdir"`   // in the container
	Env       []string `json:"env"`       // NAME=VALUE, sorted, that the script sees beside the image's own
	Packages  []string `json:"packages"`  // installed in the image, as its /packages.txt lists them; null if not known

	Log       string   `json:"log"`       // file below the run's directory
	Artifacts string   `json:"artifacts"` // directory, absolute; "" for none
	JUnit     []string `json:"junit"`     // report files below Artifacts
}

// A Phase is a part of what running a job takes.
type Phase struct {
	Name     string  `json:"name"` // "image", "prepare", "script", "after_script" or "artifacts"
	Duration float64 `json:"seconds"`
}

// A Command is one that the script of a job began.
type Command struct {
	Stage    string    `json:"stage"`   // "script" or "after_script"
	Command  string    `json:"command"` // as the script has it
	Started  time.Time `json:"started"`
	Duration float64   `json:"seconds"`
}

// Failed reports whether the job ran and went wrong, whether allowed or not.
func (j *Job) Failed() bool {
	switch j.State {
	case outcome.Failed, outcome.TimedOut, outcome.NoImage, outcome.EngineError:
		return true
	}
	return false
}

// OK reports whether nothing went wrong in a run that is over, other than what
// was allowed to.
func (r *Run) OK() bool {
	for i := range r.Jobs {
		if j := &r.Jobs[i]; j.State != outcome.Passed && j.State != outcome.Continued && !j.Allowed && (j.State != outcome.Skipped || j.Line != "") {
			return false
		}
	}
	return true
}
