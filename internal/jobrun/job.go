// SPDX-License-Identifier: GPL-2.0-or-later

// Package jobrun runs the jobs of a GitLab pipeline in local containers, as
// GitLab Runner does.
//
// Choose picks jobs of an evaluated pipeline. A Runner runs one job: it builds
// or pulls the image, gives the job its own view of the project's tree, copies
// in the artifacts of the jobs that it needs, runs the scripts and copies out
// the job's artifacts.
package jobrun

import (
	"io"
	"sync/atomic"
	"time"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/crashcapsule"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

// A Job is a job of a pipeline with the decisions about how it runs here.
type Job struct {
	gitlabci.Job
	Image         Image    // instead of the one that the pipeline names
	Env           []string // NAME=VALUE, after the job's own variables
	WaitsFor      []string // names of chosen jobs that end before it begins
	ArtifactsFrom []*Job   // jobs whose artifacts it gets; they need not run now
	Runs          bool     // whether it is among the jobs that run now
	Of            string   // name of the job that it repeats, or ""
	Named         bool     // whether the user named it

	dir        string // path of its tree in the container, set when it runs
	tree       string // host directory with the files as they were at the start; "" if the job sees the project's own directory
	imageID    string // of Image, "" if it is not known
	debugImage string // with debug tools, in which it runs instead of Image; "" for none
	again      bool   // it is retried if it fails
	mark       string // content of its mark file, "" for no marks

	entrypoint []string         // the container's entrypoint, nil for none
	root       bool             // the user in the container is root
	layers     *checkout.Layers // of its tree, nil for a whole checkout

	services      []*service            // that run beside it
	ownNetwork    bool                  // FF_NETWORK_PER_BUILD
	noArchive     bool                  // artifacts:when does not fit the job's result, so that it left only reports
	noRepository  bool                  // GIT_STRATEGY leaves out the project's repository
	withoutDotenv *gitlabci.VariableSet // its variables before those of dotenv reports, nil if there are none
	exported      bool                  // its paths are expanded with variables of GITLAB_ENV
}

// An Image says which image a job runs in and how to get it.
type Image struct {
	Reference  string
	Build      *envimage.Image // how to make it; nil if it must exist, here or in its registry
	AlwaysPull bool            // ask the registry for it even if it is there
	BuildOnly  bool            // having it is all that the job is for

	Builds       []*envimage.Image // further images to build
	Alternatives []string          // references to try, in this order, if Reference cannot be pulled
	Local        bool              // it is never pulled, because its registry is not known
}

// A Runner runs single jobs. It is safe for concurrent use.
type Runner struct {
	Engine     Engine
	Project    string // name that its caches and containers have
	Tree       Tree
	Files      map[string][]byte      // values of variables of type file, by name
	BaseEnv    []string               // variables that those of the pipeline override, NAME=VALUE
	Artifacts  *artifacts.Store       // nil for none
	Caches     string                 // host directory for caches, "" for none
	Source     string                 // source that the tree comes from; caches are not shared between sources
	Protected  bool                   // whether GitLab would treat the pipeline's ref as protected
	Limits     workload.Limits        // a shorter timeout of the job overrides Timeout
	Offline    bool                   // do not pull images
	DebugTools bool                   // add gdb to the images of jobs
	Keep       bool                   // keep the containers of jobs that fail
	KeepFirst  bool                   // with Keep: keep only the first
	Warn       func(job, what string) // called for each difference from GitLab; may be nil

	// CrashDir makes a directory for what a crashed process of a job left. If it
	// is nil, nobody looks for crashes.
	CrashDir func(job string) (string, error)
	Secrets  *redact.Redactor // masked in texts about crashes; may be nil

	// Commands is called when a command of a job begins or ends, between the
	// writes of its output. It may be nil.
	Commands func(job string, e CommandEvent)

	// ServiceLog opens the log of a job's service. If it is nil, no log is kept.
	ServiceLog func(job, alias string) (io.WriteCloser, error)

	trees    sharedTrees
	noLayers atomic.Bool  // the engine cannot store the upper layers of trees
	kept     atomic.Bool  // a container was kept
	crashes  atomic.Int32 // number of crashes that were saved
	noCore   atomic.Bool  // a reason why there is no core was given
}

// keeps reports whether to keep the container of a job that failed. It must be
// called once per failed job.
func (r *Runner) keeps() bool {
	return r.Keep && (!r.KeepFirst || r.kept.CompareAndSwap(false, true))
}

// An Outcome describes a job that ran, except for its result.
type Outcome struct {
	ImageID   string
	Container string   // that was kept, "" for none
	Dir       string   // of its tree in the container
	Tree      string   // directories of the host with the files that were there at first, upper ones first, a line each, while a container is kept; "" for the project's own
	Resumed   int      // number of the command at which it resumed, 0 if it ran from the start
	Command   string   // command that ran last, or ""
	Env       []string // NAME=VALUE, sorted, that the scripts had in addition to the image's
	Packages  []string // lines of the image's /packages.txt, nil if the image has none
	Artifacts string   // host directory, or ""
	JUnit     []string // paths below Artifacts
	Commands  []Command
	Phases    []Phase
	Crashes   []crashcapsule.Crash // of all attempts

	resumed       bool      // the container was kept by an earlier run, and stays unless the job passes
	abandoned     bool      // do not copy anything out of the container
	failedAfter   bool      // after_script failed the job
	script, after stageTime // zero for a script that did not run
	output        *crashcapsule.Output
}

// afterTimeout is GitLab's default limit for after_script.
const afterTimeout = 5 * time.Minute

func (r *Runner) warn(j *Job, what string) {
	if r.Warn != nil {
		r.Warn(j.Name, what)
	}
}
