// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"maps"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// When a job runs. A job with Never is not in the pipeline.
const (
	OnSuccess = "on_success" // once all jobs before it are done well
	OnFailure = "on_failure" // once one of them has failed
	Always    = "always"
	Manual    = "manual"
	Delayed   = "delayed"
	Never     = "never"
	Unknown   = "unknown" // its rules are in an include that cannot be had
)

// A Job is one job as GitLab would run it for an event.
type Job struct {
	Name  string        // as GitLab shows it: "test: [a, b]", "test 1/3"
	Base  string        // the key in the file, the name but for what parallel adds
	Pos   diag.Position // of that key
	Stage string

	When         string        // one of the constants above
	StartIn      time.Duration // for Delayed
	Rule         diag.Position // of the rule that decided, zero for none
	AllowFailure bool
	AllowCodes   []int // exit statuses that count as an allowed failure; AllowFailure is false

	Image     *Image // nil for the runner's own choice
	Services  []Image
	Tags      []string
	Variables []Variable // all the job sees, by name

	BeforeScript []string // each a command or a block of them, as are the next two
	Script       []string // empty for a job that starts another pipeline
	AfterScript  []string

	PreGetSources []string // commands before the tree is checked out

	Ordered      bool     // it starts as soon as Needs are done, whatever the stage
	Needs        []Need   // only with Ordered; only jobs that are in the pipeline
	FromParent   []string // jobs of the pipeline that started this one, whose artifacts it takes
	Dependencies []string // jobs whose artifacts it takes; nil for all before it

	Artifacts     *Artifacts // nil for none
	Cache         []Cache
	Timeout       time.Duration // 0 for the project's
	Retry         Retry
	Interruptible bool
	Environment   *Environment // nil for none
	ResourceGroup string
	Coverage      string       // the pattern, between slashes
	Trigger       bool         // it starts another pipeline
	Downstream    *Downstreams // what Trigger starts; nil without it

	// Unresolved says which parts of the job are not known, a line each: it
	// cannot run as GitLab runs it.
	Unresolved []string
	Problems   []Problem // those of the pipeline that are about this job

	written *unexpanded
	decided *decision
}

// An unexpanded is a job before the variables in it were replaced.
type unexpanded struct {
	job              Job
	vars, predefined settings
}

// WithDotenv gives the job with variables that other jobs have left in dotenv
// reports. They go over all but those given when the pipeline was started, and
// may name other variables.
func (j *Job) WithDotenv(variables map[string]string) Job {
	if len(variables) == 0 || j.written == nil {
		return *j
	}
	vars := maps.Clone(j.written.vars)
	for name, value := range variables {
		if vars[name].from != FromEvent {
			vars[name] = setting{value: value, from: FromDotenv}
		}
	}
	job := j.written.job
	x := newExpander(vars, j.written.predefined)
	expandJob(&job, x)
	job.Variables, job.Unresolved, job.Problems = x.all(), j.Unresolved, j.Problems
	return job
}

// An Image is a container image that a job runs in, or a service beside it.
type Image struct {
	Name       string
	Entrypoint []string          // nil for the image's own
	Command    []string          // of a service; nil for the image's own
	Alias      string            // of a service, or several with blanks or commas between them
	Variables  map[string]string // of a service alone; nil for none
	PullPolicy []string          // empty for the runner's
	Platform   string            // "linux/arm64", "" for the runner's
	User       string            // "" for the image's
}

// Downstreams are what a trigger starts: a pipeline of another project, or a
// child pipeline made of files.
type Downstreams struct {
	Project  string            // "" for a child pipeline
	Branch   string            // of the other project, "" for its default branch
	Include  []Child           // the files of a child pipeline
	Strategy string            // "depend" or "mirror" if the job waits for it, else ""
	Inputs   map[string]string // values for its inputs, other types than string as JSON

	// What it gets of the job's pipeline.
	YAMLVariables     bool
	PipelineVariables bool
}

// A Child is a file of a child pipeline.
type Child struct {
	Kind     string // local, artifact, project, template, remote or component
	Location string // its path, or what else tells where it is
	Job      string // that made an artifact
	Inputs   map[string]string

	Ref       string   // of another project, "" for its default branch
	Files     []string // of another project
	Integrity string   // of a remote file, "" for any
}

// A Need is a job that must be done before.
type Need struct {
	Job       string
	Artifacts bool // its artifacts are wanted
	Optional  bool

	pos      diag.Position // where it is written
	pipeline string        // that the job is of, "" for its own
}

// Artifacts are the files that a job hands on.
type Artifacts struct {
	Name      string
	Paths     []string // globs
	Exclude   []string
	ExpireIn  string // as written, "" for the project's
	When      string // on_success, on_failure or always
	Untracked bool
	ExposeAs  string
	Reports   []Report // by kind
}

// A Report is a file that GitLab reads: "junit", "coverage_report".
type Report struct {
	Kind  string
	Paths []string
}

// A Cache is a set of paths kept between runs.
type Cache struct {
	Key          string   // "" if it is made from files
	KeyFiles     []string // the key is made from what these hold
	KeyPrefix    string
	FallbackKeys []string
	Paths        []string
	Policy       string // pull-push, pull or push
	When         string // on_success, on_failure or always
	Untracked    bool
	Unprotect    bool
}

// Retry says how often a failed job starts again.
type Retry struct {
	Max       int
	When      []string // kinds of failure, empty for all
	ExitCodes []int    // empty for all
}

// An Environment is what a job deploys to.
type Environment struct {
	Name   string
	URL    string
	Action string // start, prepare, stop, verify or access
	OnStop string
	Tier   string // production, staging, testing, development or other, "" for what GitLab makes of the name
}
