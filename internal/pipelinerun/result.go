// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobreport"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A Result says how the jobs of a pipeline ended.
type Result struct {
	Run     *jobrecord.Run
	Dir     string           // of the run: its record and logs
	Jobs    []outcome.Result // as in Run.Jobs
	Secrets *redact.Redactor // what no report may show
	Remote  *RemotePipeline  // nil if the jobs ran locally
}

// A RemotePipeline is a pipeline that GitLab ran.
type RemotePipeline struct {
	URL    string
	Status string   // GitLab's word, "" if not known
	OK     bool     // no job failed that must not
	Notes  []string // "JOB: what could not be brought back"
}

// OK reports whether all failures were allowed.
func (r *Result) OK() bool {
	if r.Remote != nil {
		return r.Remote.OK
	}
	return r.Run.OK()
}

// ExitStatus returns lcitool's exit status for the run, 0 if OK. A single job
// decides the status itself.
func (r *Result) ExitStatus() int {
	if len(r.Jobs) == 1 && !r.Jobs[0].OK() {
		switch only := r.Jobs[0]; only.State {
		case outcome.TimedOut:
			return 124
		case outcome.NoImage, outcome.EngineError:
			return max(125, api.Status(only.Err)) // it did not run
		}
	}
	if !r.OK() {
		return 1
	}
	return 0
}

// Rows returns the jobs as rows of a table, headings first.
func (r *Result) Rows() [][]string { return outcome.Rows("JOB", r.Jobs) }

// Errors returns the errors that kept jobs from running, with hints.
func (r *Result) Errors() []error {
	var errs []error
	for i, job := range r.Jobs {
		if job.State == outcome.NoImage || job.State == outcome.EngineError {
			errs = append(errs, Advise(r.Run.Jobs[i].Name, r.Run.Jobs[i].Target, job.Err))
		}
	}
	return errs
}

// Notes returns lines that say where the run's files are and why jobs failed;
// with timings also how long their commands took.
func (r *Result) Notes(timings bool) []string {
	var lines []string
	if len(r.Jobs) > 0 || r.Remote == nil {
		lines = append(lines, "logs: "+r.Dir)
	}
	for _, j := range r.Run.Jobs {
		if j.Artifacts != "" {
			lines = append(lines, "artifacts: "+j.Artifacts)
		}
	}
	if r.Remote != nil {
		return append(append(lines, r.Remote.Notes...), fmt.Sprintf("pipeline: %s (%s)", r.Remote.URL, cmp.Or(r.Remote.Status, "status unknown")))
	}
	for i := range r.Run.Jobs {
		lines = append(lines, crashNotes(&r.Run.Jobs[i])...)
	}
	if timings {
		lines = append(lines, (&jobrecord.Stored{Run: *r.Run, Dir: r.Dir}).Timings(r.Run.Names())...)
	}
	for _, j := range r.Run.Jobs {
		if j.Command != "" {
			lines = append(lines, fmt.Sprintf("%s failed in: %s", j.Name, termtext.FirstLine(j.Command)))
		}
	}
	return lines
}

// Kept returns the first job with a kept container, or nil.
func (r *Result) Kept() *jobrecord.Job {
	for i := range r.Run.Jobs {
		if r.Run.Jobs[i].Container != "" {
			return &r.Run.Jobs[i]
		}
	}
	return nil
}

// WriteReports writes reports on the run. The file name "-" is stdout.
func (r *Result) WriteReports(ctx context.Context, reports []jobreport.Request, stdout io.Writer) error {
	return jobreport.WriteAll(ctx, reports, &jobrecord.Stored{Run: *r.Run, Dir: r.Dir}, r.Secrets, stdout)
}

// Advise adds a hint to the error of a job. target is the job's, or "".
func Advise(job, target string, err error) error {
	err = fmt.Errorf("%s: %w", job, err)
	var failed *api.BuildError
	if !errors.As(err, &failed) || !failed.BaseMissing || !bootstrap.Supports(target) {
		return err
	}
	return diag.WithHint(err, fmt.Sprintf("--bootstrap, or lcitool container bootstrap %s, builds the base image from the distribution's mirror", shellWord(target)))
}
