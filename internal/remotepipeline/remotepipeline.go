// SPDX-License-Identifier: GPL-2.0-or-later

// Package remotepipeline runs a branch's pipeline on a GitLab server: it
// pushes the branch, follows the pipeline through GitLab's API, brings back
// what its jobs leave behind.
package remotepipeline

import (
	"log/slog"
	"net/http"
	"time"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// Options say what to run, where it is and what to bring back.
type Options struct {
	Directory string           // of the git checkout
	Artifacts *artifacts.Store // for what jobs leave behind
	Logs      string           // directory for the jobs' logs; made when there is one

	Remote    string   // git's name of where to push; "" for where git would push the branch, or "origin"
	Host      string   // the server, by name or address; "" for what the remote says
	Project   string   // "group/name"; "" for what the remote says
	Variables []string // given to the pipeline, NAME=VALUE; nothing is added to them
	NoPush    bool     // follow the pipeline that is there: push nothing, start nothing, stop nothing

	Jobs  []string            // names or globs of the jobs to wait for, with what they need; none for all that start by themselves
	Needs map[string][]string // what a job needs, as far as known
	JUnit map[string][]string // globs of a job's JUnit reports among its artifacts, as far as known

	PollMin time.Duration // between two looks at a pipeline in which something happens; 0 for 2 s
	PollMax time.Duration // in which nothing happens; 0 for 10 s
	Appear  time.Duration // how long GitLab may take to make a pipeline of a push; 0 for 2 min
	Outage  time.Duration // how long the server may be away; 0 for 5 min
	Timeout time.Duration // wall clock until the pipeline is cancelled; 0 means none
	Limits  Limits

	Watch     func(Update)        // told what happens, one call at a time; nil for nobody
	Getenv    func(string) string // nil for an empty environment
	Transport http.RoundTripper   // nil for one that obeys the environment's proxies
	Log       *slog.Logger        // nil for none
}

// Limits bound what comes from the server. Zero values mean what is usual.
type Limits struct {
	Log      int64 // of one job, in bytes; 0 for 1 GiB
	Archive  int64 // of one job's artifacts, packed, in bytes; 0 for 4 GiB
	Unpacked int64 // the same unpacked; 0 for 16 GiB
	Files    int   // in one archive; 0 for 200,000
}

// An Update is something that happened to a job, or to all of it if Job is "".
type Update struct {
	Job          string // "trigger: name" for one of a child pipeline
	Stage        string
	State        outcome.State // "" for a line
	AllowFailure bool
	Duration     time.Duration // since it began to run
	URL          string        // where to look at it, "" if not known
	Line         string        // what it said, without anything that steers a terminal
	Ended        *Job          // with the states of an end, once all that it left is here
}

// A Job is how a job ended.
type Job struct {
	Name         string // "trigger: name" for one of a child pipeline
	Stage        string
	State        outcome.State
	AllowFailure bool
	Started      time.Time // zero if it did not
	Duration     time.Duration
	URL          string
	Reason       string   // GitLab's word for why it failed, "" for none
	Log          string   // file with all it said, as GitLab has it but for secrets; "" for none
	Artifacts    string   // directory with what it left, "" for nothing
	JUnit        []string // files
	Notes        []string // what could not be brought back, and why
}

// A Result is how a pipeline ended.
type Result struct {
	ID     int64
	URL    string
	Status string // GitLab's word for all of it
	Part   bool   // only some of its jobs were waited for
	Jobs   []Job  // that were waited for, in the pipeline's order

	Secrets *redact.Redactor // what no report of it may show
}

// OK reports whether no job failed that must not. What becomes of jobs that
// nobody waited for does not count.
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

// withDefaults gives the options with all that is usual filled in.
func (o Options) withDefaults() Options {
	o.PollMin = usual(o.PollMin, 2*time.Second)
	o.PollMax = max(usual(o.PollMax, 10*time.Second), o.PollMin)
	o.Appear = usual(o.Appear, 2*time.Minute)
	o.Outage = usual(o.Outage, 5*time.Minute)
	o.Limits.Log = usual(o.Limits.Log, 1<<30)
	o.Limits.Archive = usual(o.Limits.Archive, 4<<30)
	o.Limits.Unpacked = usual(o.Limits.Unpacked, 16<<30)
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
