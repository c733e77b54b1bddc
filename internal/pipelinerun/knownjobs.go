// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// knownJobs are the jobs of the project's own pipeline files and of the child
// pipelines that these start from files of the project. GitLab's API does not
// return the needs of jobs.
type knownJobs struct{ pipelines []knownPipeline }

type knownPipeline struct {
	prefix string // of its jobs' names: "TRIGGER/", "" for the project's pipeline
	*Evaluation
}

// readKnownJobs evaluates the pipeline for a push. Errors are warnings, because
// GitLab reports them as well.
func readKnownJobs(ctx context.Context, o RemoteOptions) *knownJobs {
	p, err := loadPipeline(o.Project, gitlabci.Options{})
	if err != nil {
		o.Messages.warnf("", "%v", err)
		return &knownJobs{}
	}
	source := &Source{Project: o.Project, tree: o.Project, Pipeline: p, git: &repository{}, remove: func() {}}
	defer source.Close()
	event := gitlabci.Event{
		Source: gitlabci.Push, Namespace: "fork", Project: filepath.Base(o.Project), DefaultBranch: source.defaultBranch(ctx),
		Branch: "topic", Variables: map[string]string{},
	}
	for _, v := range runVariables(o.Variables) {
		name, value, _ := strings.Cut(v, "=")
		event.Variables[name] = value
	}
	e := &Evaluation{Evaluation: p.Evaluate(event), source: source, event: event}
	e.built = newBuiltImages(e.Evaluation, source.tree, nil)
	o.Messages.problems(e.Problems)
	known := &knownJobs{}
	known.add("", e)
	return known
}

// add adds a pipeline and, after it, those that its jobs start.
func (k *knownJobs) add(prefix string, e *Evaluation) {
	k.pipelines = append(k.pipelines, knownPipeline{prefix, e})
	if strings.Count(prefix, "/") >= maxGenerations {
		return
	}
	for i := range e.Jobs {
		job := &e.Jobs[i]
		if !job.Trigger || job.When == gitlabci.Never {
			continue
		}
		if child, err := e.child(job); err == nil { // GitLab says what is wrong with it
			k.add(prefix+job.Name+"/", child)
		}
	}
}

func (k *knownJobs) count() int {
	n := 0
	for _, p := range k.pipelines {
		n += len(p.Jobs)
	}
	return n
}

// choose returns the names and patterns of the jobs to wait for. Only the
// project's files say which target a job is for.
func (k *knownJobs) choose(c Choice) ([]string, error) {
	if len(c.Targets) == 0 && len(c.Arches) == 0 {
		return c.Names, nil
	}
	var names []string
	none := errors.New("no job of the pipeline is for that target and architecture")
	for i, p := range k.pipelines {
		if i > 0 {
			names = append(names, p.chooseChildren(c)...)
			continue
		}
		chosen, err := Choose(p.Evaluation.Evaluation, c)
		if err != nil { // jobs of child pipelines may be chosen
			none = err
			continue
		}
		for _, j := range chosen.Jobs {
			names = append(names, j.Name)
		}
	}
	if len(names) == 0 {
		return nil, none
	}
	return names, nil
}

// chooseChildren returns the jobs of a child pipeline that are chosen and start
// without a user, by their names on the server.
func (p knownPipeline) chooseChildren(c Choice) []string {
	c.built = p.built
	var names []string
	for i := range p.Jobs {
		job := &p.Jobs[i]
		name := p.prefix + job.Name
		named := len(c.Names) == 0 || slices.ContainsFunc(c.Names, func(pattern string) bool {
			match, _ := gitlabci.MatchName(pattern, name, "")
			return match
		})
		if named && c.wants(job) && c.leftOut(job) == "" {
			names = append(names, name)
		}
	}
	return names
}

// needs returns, by job, the jobs that GitLab runs before it: its needs, or
// those of earlier stages.
func (k *knownJobs) needs() map[string][]string {
	needs := map[string][]string{}
	for _, p := range k.pipelines {
		for i := range p.Jobs {
			job := &p.Jobs[i]
			add := func(other string) {
				needs[p.prefix+job.Name] = append(needs[p.prefix+job.Name], p.prefix+other)
			}
			if job.Ordered {
				for _, n := range job.Needs {
					add(n.Job)
				}
				continue
			}
			for j := range p.Jobs {
				if other := &p.Jobs[j]; startsItself(other) && isBefore(p.Evaluation.Evaluation, other, job) {
					add(other.Name)
				}
			}
		}
	}
	return needs
}

// junit returns, by job, the patterns of its JUnit reports.
func (k *knownJobs) junit() map[string][]string {
	globs := map[string][]string{}
	for _, p := range k.pipelines {
		for _, job := range p.Jobs {
			if job.Artifacts == nil {
				continue
			}
			for _, r := range job.Artifacts.Reports {
				if r.Kind == "junit" {
					globs[p.prefix+job.Name] = append(globs[p.prefix+job.Name], r.Paths...)
				}
			}
		}
	}
	return globs
}

// find returns the job that is called name on the server, or nil.
func (k *knownJobs) find(name string) *gitlabci.Job {
	for _, p := range k.pipelines {
		for i := range p.Jobs {
			if p.prefix+p.Jobs[i].Name == name {
				return &p.Jobs[i]
			}
		}
	}
	return nil
}
