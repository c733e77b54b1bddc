// SPDX-License-Identifier: GPL-2.0-or-later

// Package remotepipeline runs a branch's pipeline on a GitLab server: it pushes
// the branch, follows the pipeline through GitLab's API, and downloads the logs
// and artifacts of its jobs.
package remotepipeline

import (
	"log/slog"
	"net/http"
	"time"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// Options say what to run, on which server, and what to download.
type Options struct {
	Directory string           // of the git checkout
	Artifacts *artifacts.Store // for what jobs leave behind
	Logs      string           // directory for the jobs' logs; made when there is one

	Remote    string   // git remote to push to; "" for that of git push, or "origin"
	Host      string   // server, by host name or URL; "" for that of the remote
	Project   string   // "group/name"; "" for that of the remote
	Claim     Claim    // project that the checkout itself names
	Variables []string // for the pipeline, NAME=VALUE; nothing is added
	NoPush    bool     // follow the existing pipeline: do not push, start or cancel anything

	Jobs  []string            // names or globs of the jobs to wait for, with their needs; none for all jobs that start automatically
	Needs map[string][]string // needs of each job, as far as known
	JUnit map[string][]string // globs of each job's JUnit reports among its artifacts, as far as known

	PollMin time.Duration // between polls while the pipeline changes; 0 for 2 s
	PollMax time.Duration // between polls while nothing changes; 0 for 10 s
	Appear  time.Duration // for GitLab to create a pipeline after the push; 0 for 2 min
	Outage  time.Duration // longest time that the server may be unavailable; 0 for 5 min
	Timeout time.Duration // time until the pipeline is cancelled; 0 for none
	Limits  Limits

	Watch     func(Update)        // called for each event, one call at a time; may be nil
	Getenv    func(string) string // nil for an empty environment
	Transport http.RoundTripper   // nil for one that uses the environment's proxies
	Log       *slog.Logger        // may be nil
}

// A Claim is the project that the settings in the checkout name. The checkout may
// be a hostile fork, so this does not choose the project: without
// Options.Project, it must be that of a git remote.
type Claim struct {
	Project string // "" for none
	Origin  string // "file:line" of the setting
}

// Limits restrict downloads from the server. Zero values are defaults.
type Limits struct {
	Jobs     int   // of one pipeline; 0 for 20,000
	Log      int64 // of one job, in bytes; 0 for 1 GiB
	Logs     int64 // of all jobs; 0 for 16 GiB
	Archive  int64 // of one job's artifacts, packed, in bytes; 0 for 4 GiB
	Unpacked int64 // the same unpacked; 0 for 16 GiB
	Files    int   // in one archive; 0 for 200,000

	Artifacts int64 // of all jobs, unpacked, with 4 KiB for each file; 0 for 64 GiB
}

// An Update is an event of a job, or of the pipeline if Job is "".
type Update struct {
	Job          string // "trigger: name" for one of a child pipeline
	Stage        string
	State        outcome.State // "" for a line
	AllowFailure bool
	Duration     time.Duration // since its start
	URL          string        // web page of the job, or ""
	Line         string        // a line of its log, safe for a terminal
	Ended        *Job          // with a final State, after its files were downloaded
}

// A Job is the result of a job.
type Job struct {
	Name         string // "trigger: name" for one of a child pipeline
	Stage        string
	State        outcome.State
	AllowFailure bool
	Started      time.Time // zero if it was not started
	Duration     time.Duration
	URL          string
	Reason       string   // GitLab's failure_reason, or ""
	Log          string   // file with its log, secrets masked; or ""
	Artifacts    string   // directory with its artifacts, or ""
	JUnit        []string // report files
	Notes        []string // what could not be downloaded, and why
}

// A Result is the result of a pipeline.
type Result struct {
	ID     int64
	URL    string
	Status string // GitLab's word for all of it
	Part   bool   // only some of its jobs were waited for
	Jobs   []Job  // the jobs waited for, in the pipeline's order

	Secrets *redact.Redactor // values that reports must mask
}

// OK reports whether all failures were allowed. It ignores jobs that were not
// waited for.
func (r *Result) OK() bool {
	for _, job := range r.Jobs {
		if job.State.Bad() && !job.AllowFailure {
			return false
		}
	}
	return r.Part || r.Status != "failed" && r.Status != "canceled" && r.Status != "skipped"
}

func (o *Options) getenv(name string) string {
	if o.Getenv == nil {
		return ""
	}
	return o.Getenv(name)
}

func (o Options) withDefaults() Options {
	o.PollMin = usual(o.PollMin, 2*time.Second)
	o.PollMax = max(usual(o.PollMax, 10*time.Second), o.PollMin)
	o.Appear = usual(o.Appear, 2*time.Minute)
	o.Outage = usual(o.Outage, 5*time.Minute)
	o.Limits.Jobs = usual(o.Limits.Jobs, maxJobs)
	o.Limits.Logs = usual(o.Limits.Logs, 16<<30)
	o.Limits.Log = usual(o.Limits.Log, 1<<30)
	o.Limits.Archive = usual(o.Limits.Archive, 4<<30)
	o.Limits.Unpacked = usual(o.Limits.Unpacked, 16<<30)
	o.Limits.Artifacts = usual(o.Limits.Artifacts, 64<<30)
	o.Limits.Files = usual(o.Limits.Files, 200_000)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func usual[T time.Duration | int64 | int](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}
