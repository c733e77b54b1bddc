// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// maxRetries limits how many retries of retries are followed to the results of
// jobs.
const maxRetries = 100

// Inputs compares what the jobs of a retry need with the results of the retried
// run, or of the one that it retried. GitLab would not start a job after one that
// failed, so that is an error. It returns the jobs that need one that was
// continued: they do not count as passed either. find opens a run by its ID.
func (p *Plan) Inputs(run *jobrecord.Stored, find func(id string) (*jobrecord.Stored, error)) (continued []string, err error) {
	results := earlierResults(run, find)
	unsure := map[string]bool{}
	for _, j := range p.Jobs {
		for _, name := range inputs(j) {
			before := results[name]
			switch {
			case p.runs(name) || before == nil || before.Allowed || before.State == outcome.Passed || before.State == outcome.Skipped && before.Line == "":
			case before.State == outcome.Continued:
				unsure[j.Name] = true
			case when(j) == scheduler.OnSuccess:
				of := ""
				if before.run != run.ID {
					of = "--run " + before.run + " "
				}
				return nil, diag.WithHint(fmt.Errorf("job %q needs %q, which did not pass: %s", termtext.Line(j.Name), termtext.Line(name), before.State),
					fmt.Sprintf(`"lcitool job retry %s%s %s" runs both; "lcitool job run --no-needs %s" uses the artifacts that exist`, of, shellWord(name), shellWord(j.Name), shellWord(j.Name)))
			}
		}
	}
	for before := -1; before < len(unsure); {
		before = len(unsure)
		for _, j := range p.Jobs {
			if slices.ContainsFunc(inputs(j), func(name string) bool { return unsure[name] }) {
				unsure[j.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(unsure)), nil
}

func (p *Plan) runs(name string) bool {
	return slices.ContainsFunc(p.Jobs, func(j *jobrun.Job) bool { return j.Name == name })
}

// inputs returns the names of the jobs that a job gets artifacts from or is listed
// to need.
func inputs(j *jobrun.Job) []string {
	var names []string
	for _, from := range j.ArtifactsFrom {
		names = append(names, from.Name)
	}
	if j.Ordered {
		for _, n := range j.Needs {
			names = append(names, n.Job)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

type earlierResult struct {
	*jobrecord.Job
	run string // ID
}

// earlierResults returns the newest results of jobs in a run and in those that it
// retried.
func earlierResults(run *jobrecord.Stored, find func(id string) (*jobrecord.Stored, error)) map[string]*earlierResult {
	results := map[string]*earlierResult{}
	for range maxRetries {
		for i := range run.Jobs {
			if j := &run.Jobs[i]; results[j.Name] == nil && j.State.Ended() {
				results[j.Name] = &earlierResult{j, run.ID}
			}
		}
		if run.Retry == "" {
			break
		}
		before, err := find(run.Retry)
		if err != nil { // removed since then
			break
		}
		run = before
	}
	return results
}

// afterContinued returns a result that does not count as passed.
func afterContinued(r outcome.Result) outcome.Result {
	if r.State == outcome.Passed {
		r.State = outcome.Continued
	}
	return r
}
