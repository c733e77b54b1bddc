// SPDX-License-Identifier: GPL-2.0-or-later

// Package jobdiff compares two jobs that ran.
//
// It compares the packages in their images, their variables, and their logs up
// to the first line that differs.
package jobdiff

import (
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// An Input is a job to compare.
type Input struct {
	Run *jobrecord.Stored
	Job *jobrecord.Job // of Run
	// Generic maps generic names to packages of the job's target, for a
	// comparison with another format. It is nil if unknown.
	Generic map[string]string
	// Owners are the packages in the job's image that contain what FailingLine
	// mentions. It is nil if they were not looked up.
	Owners []Owner
	// ListError is why the package manager of the job's image did not list its
	// packages. It is nil if it did, or was not asked.
	ListError error
}

// A Side describes one of the jobs.
type Side struct {
	Run     string        `json:"run"`
	Job     string        `json:"job"`
	Target  string        `json:"target"`
	Arch    string        `json:"arch"`
	Commit  string        `json:"commit"` // "" for the working tree
	Image   string        `json:"image"`
	ImageID string        `json:"image_id"`
	State   outcome.State `json:"state"`
	Code    int           `json:"code"`
	Seconds float64       `json:"seconds"`
	Line    string        `json:"line"` // first line that reports a failure

	PackagesUnknown string `json:"packages_unknown"` // why the packages of its image are not known, "" if they are
}

// Result describes how the job ended.
func (s *Side) Result() string {
	text := outcome.Result{State: s.State, Code: s.Code}.Text()
	if s.State == outcome.Passed {
		return text + " in " + s.elapsed()
	}
	return text + " after " + s.elapsed()
}

func (s *Side) elapsed() string {
	return outcome.Elapsed(time.Duration(s.Seconds * float64(time.Second)))
}

// A Difference is the result of a comparison.
type Difference struct {
	Left        Side             `json:"left"`
	Right       Side             `json:"right"`
	Mentions    []Mention        `json:"mentions"` // that the first failing line has
	Suspects    []Suspect        `json:"suspects"` // packages that have them
	Packages    *Packages        `json:"packages"` // null if the packages of one side are unknown
	Environment []VariableChange `json:"environment"`
	Log         *Parting         `json:"log"` // null if the logs are equal
}

// Compare compares two jobs. An error is one of reading their logs.
func Compare(left, right *Input) (*Difference, error) {
	d := &Difference{
		Mentions: append([]Mention{}, Mentions(FailingLine(left, right))...),
		Left:     left.side(), Right: right.side(),
		Environment: append([]VariableChange{}, CompareEnvironment(left.Job.Env, right.Job.Env)...),
	}
	if len(left.Job.Packages) > 0 && len(right.Job.Packages) > 0 {
		p := ComparePackages(left.Job.Packages, right.Job.Packages)
		if !p.Comparable() {
			p = CompareGeneric(left.Job.Packages, right.Job.Packages, left.Generic, right.Generic)
		}
		d.Packages = &p
	}
	d.Suspects = newPair(left, right, d.Packages).suspects(d.Mentions)
	var err error
	d.Log, err = compareLogs(left, right)
	return d, err
}

func (in *Input) side() Side {
	j := in.Job
	return Side{
		Run: in.Run.ID, Job: j.Name, Target: j.Target, Arch: j.Arch, Commit: in.Run.Commit, Image: j.Image, ImageID: j.ImageID,
		State: j.State, Code: j.Code, Seconds: j.Duration, Line: j.Line, PackagesUnknown: in.packagesUnknown(),
	}
}

// packagesUnknown says why the packages of the job's image are not known, or
// returns "".
func (in *Input) packagesUnknown() string {
	j := in.Job
	switch {
	case len(j.Packages) > 0:
		return ""
	case in.ListError != nil:
		return in.ListError.Error()
	case j.ImageID == "":
		return "the record has no image"
	case j.Of != "" && j.Log == "":
		return "the record of a repetition that passed long ago has no list; --ask-images asks the package manager of the image"
	}
	return "the image has no list of them, /packages.txt; --ask-images asks its package manager"
}
