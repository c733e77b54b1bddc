// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// A ListedJob is one row of a list of jobs.
type ListedJob struct {
	Name         string   `json:"name"`
	Stage        string   `json:"stage"`
	Target       string   `json:"target"` // "" if nothing says it
	Arch         string   `json:"arch"`
	Kind         string   `json:"kind"`
	Image        string   `json:"image"` // "" if the runner decides
	When         string   `json:"when"`
	AllowFailure bool     `json:"allow_failure"`
	Needs        []string `json:"needs"` // null if it waits for earlier stages
	Source       string   `json:"source"`
	Rule         string   `json:"rule"`       // position of the deciding rule, or ""
	Trigger      bool     `json:"trigger"`    // it starts a downstream pipeline
	Unresolved   []string `json:"unresolved"` // unresolved parts; the job cannot run here
	Problems     []string `json:"problems"`   // what GitLab refuses, or what lcitool does not know
	effect       gitlabci.Effect
	child        bool // it belongs to a child pipeline
}

// List lists the jobs of the pipeline; with all also those that rules exclude.
// Jobs of a child pipeline follow its trigger job as TRIGGER/JOB.
func (e *Evaluation) List(all bool) []ListedJob { return e.list(all, 0) }

func (e *Evaluation) list(all bool, depth int) []ListedJob {
	jobs := make([]ListedJob, 0, len(e.Jobs))
	for _, job := range e.Jobs {
		if job.When == gitlabci.Never && !all {
			continue
		}
		role := e.Role(&job)
		row := ListedJob{
			Name: job.Name, Stage: job.Stage, Target: role.Target, Arch: role.Arch, Kind: role.Kind,
			When: job.When, AllowFailure: job.AllowFailure, Source: job.Pos.String(), Trigger: job.Trigger,
			Unresolved: append([]string{}, job.Unresolved...), Problems: []string{},
		}
		for _, p := range job.Problems {
			row.Problems = append(row.Problems, p.Pos.String()+": "+p.Message)
			row.effect = max(row.effect, p.Effect)
		}
		if job.Image != nil {
			row.Image = job.Image.Name
		}
		if job.Rule.Line > 0 {
			row.Rule = job.Rule.String()
		}
		if job.Ordered {
			row.Needs = []string{}
			for _, n := range job.Needs {
				row.Needs = append(row.Needs, n.Job)
			}
		}
		below := e.listChild(&job, &row, all, depth+1)
		jobs = append(append(jobs, row), below...)
	}
	return jobs
}

func (j *ListedJob) marks() string {
	out := ""
	if j.AllowFailure {
		out += " (may fail)"
	}
	if j.Trigger {
		out += " (trigger)"
	}
	switch {
	case j.effect == gitlabci.Refused:
		out += " (refused)"
	case j.effect == gitlabci.Incomplete || len(j.Unresolved) > 0:
		out += " (unresolved)"
	}
	return out
}

// JobRows formats jobs as rows of a table, headings first. It returns nil for no
// jobs.
func JobRows(jobs []ListedJob) [][]string {
	if len(jobs) == 0 {
		return nil
	}
	rows := append(make([][]string, 0, 1+len(jobs)), []string{"NAME", "STAGE", "TARGET", "ARCH", "KIND", "IMAGE", "WHEN"})
	for _, j := range jobs {
		rows = append(rows, []string{j.Name, j.Stage, cmp.Or(j.Target, "-"), cmp.Or(j.Arch, "-"), j.Kind, cmp.Or(j.Image, "-"), j.When + j.marks()})
	}
	return rows
}
