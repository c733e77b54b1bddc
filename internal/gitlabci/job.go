// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// Values of Job.When. A job with Never is not in the pipeline.
const (
	OnSuccess = "on_success" // once all jobs before it are done well
	OnFailure = "on_failure" // once one of them has failed
	Always    = "always"
	Manual    = "manual"
	Delayed   = "delayed"
	Never     = "never"
	Unknown   = "unknown" // its rules are in an include that is not available
)

// A Job is a job as GitLab would run it for an event.
type Job struct {
	Name  string        // as GitLab shows it: "test: [a, b]", "test 1/3"
	Base  string        // the key in the file, the name but for what parallel adds
	Pos   diag.Position // of that key
	Stage string

	When         string        // one of the constants above
	StartIn      time.Duration // with Delayed
	Rule         diag.Position // position of the deciding rule, zero for none
	AllowFailure bool
	AllowCodes   []int // exit statuses that are allowed failures; AllowFailure is false

	Image     *Image // nil for the runner's default
	Services  []Image
	Tags      []string
	Variables VariableSet

	BeforeScript []string // commands, possibly of several lines, as in the next two fields
	Script       []string // empty for a trigger job
	AfterScript  []string

	PreGetSources []string // commands that run before the tree is checked out

	Ordered      bool     // it starts when Needs have ended, independent of stages
	Needs        []Need   // only with Ordered; only jobs in the pipeline
	FromParent   []string // jobs of the parent pipeline whose artifacts it gets
	Dependencies []string // jobs whose artifacts it gets; nil for all earlier ones

	Artifacts     *Artifacts // nil for none
	Cache         []Cache
	Timeout       time.Duration // 0 for the project's
	Retry         Retry
	Interruptible bool
	Environment   *Environment // nil for none
	ResourceGroup string
	Coverage      string       // pattern between slashes
	Trigger       bool         // it starts a downstream pipeline
	Downstream    *Downstreams // nil unless Trigger is set

	// Unresolved lists the parts of the job that are not known. Such a job cannot
	// run.
	Unresolved []string
	Problems   []Problem // those of the pipeline that are about this job

	written *unexpanded
	decided *decision
}

// An unexpanded is a job before variables were expanded.
type unexpanded struct {
	job              Job
	vars, predefined layers
}

// WithDotenv returns the job with the dotenv variables of other jobs. They
// override all variables except those given when the pipeline was started, and
// may refer to other variables.
func (j *Job) WithDotenv(variables map[string]string) Job {
	if len(variables) == 0 || j.written == nil {
		return *j
	}
	dotenv := settings{}
	for name, value := range variables {
		if v, _ := j.written.vars.get(name); v.from != FromEvent {
			dotenv[name] = setting{value: value, from: FromDotenv}
		}
	}
	job, vars := j.written.job, j.written.vars.over(dotenv)
	x := newExpander(vars, j.written.predefined)
	expandJob(&job, x)
	job.Variables, job.Unresolved, job.Problems = x.all(j.Variables.shared), j.Unresolved, j.Problems
	job.written = &unexpanded{j.written.job, vars, j.written.predefined}
	return job
}

// WithExported returns the job with the variables that its script has left for
// the runner. They override all others in the paths of artifacts and caches, which
// the runner expands after the script, and have no effect on anything else.
func (j *Job) WithExported(variables map[string]string) Job {
	job := *j
	if j.written == nil {
		return job
	}
	again := j.written.job
	x := newExpander(j.written.vars, j.written.predefined)
	x.exported = variables
	expandJob(&again, x)
	if job.Artifacts != nil {
		job.Artifacts = again.Artifacts
	}
	if len(job.Cache) == len(again.Cache) {
		job.Cache = slices.Clone(job.Cache)
		for i := range job.Cache {
			job.Cache[i].Paths = again.Cache[i].Paths
		}
	}
	return job
}

// NoImage reports whether the job names no image, so that the runner uses its
// default: also if the variables in the name are empty, but not if they do not
// exist, because GitLab may know them.
func (j *Job) NoImage() bool {
	if j.Image == nil {
		return true
	}
	if j.Image.Name != "" || j.written == nil || j.written.job.Image == nil {
		return false
	}
	return !slices.ContainsFunc(variableName.FindAllString(j.written.job.Image.Name, -1), func(ref string) bool {
		return !j.written.vars.has(bareName(ref))
	})
}

// An Image is the image of a job or of a service.
type Image struct {
	Name       string
	Entrypoint []string          // nil for the image's own
	Command    []string          // of a service; nil for the image's own
	Alias      string            // of a service, or several with blanks or commas between them
	Variables  map[string]string // of a service only; nil for none
	PullPolicy []string          // empty for the runner's default
	Platform   string            // "linux/arm64"; "" for the runner's
	User       string            // "" for the image's
}

// Downstreams describe what a trigger job starts: a pipeline of another project,
// or a child pipeline.
type Downstreams struct {
	Project  string            // "" for a child pipeline
	Branch   string            // of the other project, "" for its default branch
	Include  []Child           // the files of a child pipeline
	Strategy string            // "depend" or "mirror" if the job waits for it, else ""
	Inputs   map[string]string // inputs of the pipeline; values that are no strings are JSON

	// Which variables are forwarded to it.
	YAMLVariables     bool
	PipelineVariables bool
}

// A Child is an entry of trigger:include.
type Child struct {
	Kind     string // local, artifact, project, template, remote or component
	Location string // its path, or what else tells where it is
	Job      string // that made an artifact
	Inputs   map[string]string

	Ref       string   // of another project; "" for its default branch
	Files     []string // of another project
	Integrity string   // of a remote file; "" if not given
}

// A Need is a job that must end before.
type Need struct {
	Job       string
	Artifacts bool // its artifacts are wanted
	Optional  bool

	pos      diag.Position // position in the files
	base     string        // job in the file whose instance it is by needs:parallel, or ""
	pipeline string        // pipeline of the job, "" for the same one
}

// Artifacts are the artifacts of a job.
type Artifacts struct {
	Name      string
	Paths     []string // globs
	Exclude   []string
	ExpireIn  string // as written, "" for the project's
	When      string // on_success, on_failure or always
	Untracked bool
	ExposeAs  string
	Reports   []Report // sorted by kind
}

// A Report is an entry of artifacts:reports, such as "junit".
type Report struct {
	Kind  string
	Paths []string
}

// A Cache is a cache of a job.
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

// Retry says when a failed job runs again.
type Retry struct {
	Max       int
	When      []string // kinds of failure, empty for all
	ExitCodes []int    // empty for all
}

// An Environment is the deployment environment of a job.
type Environment struct {
	Name   string
	URL    string
	Action string // start, prepare, stop, verify or access
	OnStop string
	Tier   string // production, staging, testing, development or other; "" to derive it from the name
}
