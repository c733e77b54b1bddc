// SPDX-License-Identifier: GPL-2.0-or-later

// Package jobrun runs the jobs of a GitLab pipeline in containers here, as a
// runner of GitLab's does.
//
// Choose picks jobs of an evaluated pipeline. A Runner runs one: it makes sure
// of the image, gives the job its own view of the project's tree, puts in the
// artifacts of the jobs that it needs, runs the scripts and takes out its own
// artifacts.
package jobrun

import (
	"io"
	"sync/atomic"
	"time"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

// A Job is a job of a pipeline with what has been decided about running it here.
type Job struct {
	gitlabci.Job
	Image         Image    // instead of the one that the pipeline names
	Env           []string // NAME=VALUE, after the job's own variables
	WaitsFor      []string // names of chosen jobs that end before it begins
	ArtifactsFrom []*Job   // jobs whose artifacts it gets, chosen or not
	Runs          bool     // it is among those that run now
	Of            string   // name of the job that it repeats, "" for none
	Named         bool     // it was asked for by its name

	dir   string // where it has its tree, once it runs
	tree  string // directory of the host with the files that are there at first; "" if it sees the project's own
	again bool   // it may run again if it fails

	entrypoint []string         // that its containers start with, nil for none
	layers     *checkout.Layers // of its tree, nil for a whole one

	services []*service // that run beside it
}

// An Image is what a job runs in.
type Image struct {
	Reference  string
	Build      *envimage.Image // how to make it; nil if it must exist, here or in its registry
	AlwaysPull bool            // ask the registry for it even if it is there
	BuildOnly  bool            // having it is all that the job is for

	Builds       []*envimage.Image // further ones that the job is for
	Alternatives []string          // references to take in place of one that cannot be pulled, in this order
	Local        bool              // it is never pulled: nobody knows which registry has it
}

// A Runner runs single jobs. It is safe for use by several goroutines.
type Runner struct {
	Engine    engine
	Project   string // name that its caches and containers have
	Tree      Tree
	Files     map[string][]byte      // values of variables of type file, by name
	BaseEnv   []string               // variables that those of the pipeline go over, NAME=VALUE
	Artifacts *artifacts.Store       // nil for none
	Caches    string                 // directory of the host for what jobs keep between runs, "" for none
	Source    string                 // whose tree it is, as far as caches go: none of one source is seen by another
	Protected bool                   // GitLab would count the pipeline's ref as protected
	Limits    workload.Limits        // Timeout is overruled by that of a job if that is shorter
	Offline   bool                   // no image is pulled
	Keep      bool                   // containers of jobs that fail stay
	KeepFirst bool                   // of those with Keep only the first does
	Warn      func(job, what string) // told of what is not as GitLab has it; nil means nobody listens

	// ServiceLog opens the log of a job's service; nil keeps none.
	ServiceLog func(job, alias string) (io.WriteCloser, error)

	trees    sharedTrees
	noLayers atomic.Bool // the engine has no place for the upper layers of trees
	kept     atomic.Bool // one container stays
}

// keeps reports whether the container of a job that failed stays. It is to be
// asked once for each.
func (r *Runner) keeps() bool {
	return r.Keep && (!r.KeepFirst || r.kept.CompareAndSwap(false, true))
}

// An Outcome is what there is to know of a job that ran, beside how it ended.
type Outcome struct {
	ImageID   string
	Container string   // that was kept, "" for none
	Dir       string   // of its tree in the container
	Tree      string   // directories of the host with the files that were there at first, upper ones first, a line each, while a container is kept; "" for the project's own
	Resumed   int      // number of the command at which it went on, 0 if it began at the first
	Command   string   // that was running last, "" for none
	Env       []string // NAME=VALUE, sorted, that the scripts saw beside the image's own
	Packages  []string // lines of the image's /packages.txt, nil if it has none
	Artifacts string   // directory of the host, "" for none
	JUnit     []string // files below it
	Commands  []Command
	Phases    []Phase

	resumed       bool      // its container was kept before, and stays unless it passes
	abandoned     bool      // nothing of the container is wanted
	script, after stageTime // zero for one that did not run
}

// afterTimeout is what an after_script gets, as with GitLab.
const afterTimeout = 5 * time.Minute

func (r *Runner) warn(j *Job, what string) {
	if r.Warn != nil {
		r.Warn(j.Name, what)
	}
}
