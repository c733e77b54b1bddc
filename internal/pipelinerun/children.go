// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"fmt"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// errLater says that a child pipeline is not known before a job has generated
// it.
var errLater = errors.New("its pipeline is written by a job")

// Limits of the child pipelines of a pipeline, all generations together, as
// gitlabci.Evaluation has it. A hundred jobs of a child take about 10,000.
const (
	maxChildWork = 5_000_000
	childWork    = 1_000   // at least, for each one
	refusedWork  = 100_000 // more, for one that cannot be read
)

// child evaluates the child pipeline of a job, if its files are in the tree.
func (e *Evaluation) child(job *gitlabci.Job) (*Evaluation, error) {
	if e.work == nil {
		left := maxChildWork
		e.work = &left
	}
	if *e.work < 0 {
		return nil, errors.New("the pipelines that it and other jobs start have too many jobs to list them all")
	}
	child, err := e.evaluateChild(job)
	if *e.work -= childWork; err != nil && !errors.Is(err, errLater) {
		*e.work -= refusedWork
	}
	return child, err
}

func (e *Evaluation) evaluateChild(job *gitlabci.Job) (*Evaluation, error) {
	if why := e.cannotStart(job); why != "" {
		return nil, errors.New("it " + why)
	}
	pipeline, err := e.source.loadChild(job, func(*childFiles, gitlabci.Child) (string, error) { return "", errLater })
	if err != nil {
		return nil, err
	}
	source := *e.source
	source.Pipeline, source.remove = pipeline, func() {}
	event := childEvent(e.event, job)
	out := &Evaluation{Evaluation: pipeline.Evaluate(event), source: &source, event: event, commit: e.commit, work: e.work}
	*e.work -= out.Work
	out.built = newBuiltImages(out.Evaluation, source.tree, e.built)
	if out.Refused() {
		return nil, fmt.Errorf("GitLab refuses its pipeline: %s", refusal(out.Evaluation))
	}
	return out, nil
}

func (e *Evaluation) cannotStart(job *gitlabci.Job) string { return e.source.cannotStart(job, e.event) }

// listChild lists the jobs of a job's child pipeline. If they are not known, it
// adds the reason to row.
func (e *Evaluation) listChild(job *gitlabci.Job, row *ListedJob, all bool, depth int) []ListedJob {
	if !job.Trigger || job.When == gitlabci.Never || depth > maxGenerations {
		return nil
	}
	child, err := e.child(job)
	switch {
	case errors.Is(err, errLater):
		return nil
	case err != nil:
		row.Problems = append(row.Problems, job.Pos.String()+": "+err.Error())
		return nil
	}
	jobs := child.list(all, depth)
	for i := range jobs {
		jobs[i].Name, jobs[i].child = row.Name+"/"+jobs[i].Name, true
		for k := range jobs[i].Needs {
			jobs[i].Needs[k] = row.Name + "/" + jobs[i].Needs[k]
		}
	}
	return jobs
}
