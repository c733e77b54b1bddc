// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
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
