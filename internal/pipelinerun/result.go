// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"fmt"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A Result is how the jobs of a pipeline ended.
type Result struct {
	Run     *jobrecord.Run
	Dir     string           // of the run: its record and logs
	Jobs    []outcome.Result // as in Run.Jobs
	Secrets *redact.Redactor // what no report may show
	Remote  *RemotePipeline  // nil if the jobs ran here
}

// A RemotePipeline is a pipeline that GitLab ran.
type RemotePipeline struct {
	URL    string
	Status string   // GitLab's word, "" if not known
	OK     bool     // no job failed that must not
	Notes  []string // "JOB: what could not be brought back"
}

// OK reports whether nothing went wrong other than what was allowed to.
func (r *Result) OK() bool {
	if r.Remote != nil {
		return r.Remote.OK
	}
	return r.Run.OK()
}

// ExitStatus is that of the program for the run, 0 if nothing went wrong. A
// single job says more of itself.
func (r *Result) ExitStatus() int {
	if len(r.Jobs) == 1 && !r.Jobs[0].OK() {
		switch only := r.Jobs[0]; only.State {
		case outcome.TimedOut:
			return 124
		case outcome.NoImage, outcome.EngineError:
			return max(125, container.Status(only.Err)) // it did not run
		}
	}
	if !r.OK() {
		return 1
	}
	return 0
}

// Files says where the files of the run are.
func (r *Result) Files() []string {
	lines := []string{"logs: " + r.Dir}
	for _, j := range r.Run.Jobs {
		if j.Artifacts != "" {
			lines = append(lines, "artifacts: "+j.Artifacts)
		}
	}
	return lines
}

// Advise adds to the error of a job what can be done about it. target is that of
// the job, "" if it has none.
func Advise(job, target string, err error) error {
	err = fmt.Errorf("%s: %w", job, err)
	var failed *container.BuildError
	if !errors.As(err, &failed) || !failed.BaseMissing || target == "" {
		return err
	}
	return diag.WithHint(err, fmt.Sprintf("--bootstrap makes base images from the distribution's mirror, as lcitool container bootstrap %s does", target))
}
