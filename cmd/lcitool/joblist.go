// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func newJobList(a *app) *cobra.Command {
	var chosen eventChoice
	var format string
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the jobs of the project's pipeline",
		Long: `Read .gitlab-ci.yml with what it includes from the same tree, and list the jobs
that GitLab would put into the pipeline of an event: by default a merge request
from a fork with RUN_PIPELINE=1. Nothing is fetched: an include from elsewhere is
named, and jobs that need something from it are marked. So are jobs that GitLab
refuses; "lcitool job lint" fails for them. Of a pipeline without jobs it says which
rules leave them out and which variables would give some.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.pipeline(cmd, &chosen)
			if err != nil {
				return err
			}
			jobs := listed(e, all)
			a.printListNotes(e, len(jobs), chosen.variables)
			if format == "json" {
				return a.json(jobs)
			}
			return a.printJobs(jobs)
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "text or json", "text", "json")
	cmd.Flags().BoolVar(&all, "all", false, `include jobs that are not in the pipeline, as "never"`)
	chosen.flags(cmd.Flags())
	return cmd
}

// A listedJob is a row of the list.
type listedJob struct {
	Name         string   `json:"name"`
	Stage        string   `json:"stage"`
	Target       string   `json:"target"` // "" if nothing says it
	Arch         string   `json:"arch"`
	Kind         string   `json:"kind"`
	Image        string   `json:"image"` // "" if the runner decides
	When         string   `json:"when"`
	AllowFailure bool     `json:"allow_failure"`
	Needs        []string `json:"needs"` // null if it waits for the stages before it
	Source       string   `json:"source"`
	Rule         string   `json:"rule"`       // where the rule is that decided, "" for none
	Trigger      bool     `json:"trigger"`    // it starts another pipeline
	Unresolved   []string `json:"unresolved"` // parts that are not known: the job cannot run here
	Problems     []string `json:"problems"`   // what GitLab refuses, or what is not known
	effect       gitlabci.Effect
}

func listed(e *pipelinerun.Evaluation, all bool) []listedJob {
	jobs := []listedJob{}
	for _, job := range e.Jobs {
		if job.When == gitlabci.Never && !all {
			continue
		}
		role := e.Role(&job)
		row := listedJob{
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
		jobs = append(jobs, row)
	}
	return jobs
}

// printListNotes writes what the table does not show.
func (a *app) printListNotes(e *pipelinerun.Evaluation, shown int, variables []string) {
	empty := e.Empty()
	switch {
	case !e.Created && e.Rule.Line > 0:
		a.infof("this event makes no pipeline: %s says so", e.Rule)
	case !e.Created:
		a.infof("this event makes no pipeline: no rule of the workflow matches")
	case empty != nil:
	case shown < len(e.Jobs):
		a.infof("jobs that are not in the pipeline of this event: %d, --all lists them", len(e.Jobs)-shown)
	}
	a.explainEmpty(empty, variables)
	if e.UnknownChanges {
		a.infof("rules ask which files the event changed: name them with --changed; without it all count as changed")
	}
	a.warnProblems(e.Problems)
	if e.Refused() {
		a.infof(`GitLab makes no pipeline: "lcitool job lint" says why`)
	}
}

// marks says in words what is special about a job.
func (j *listedJob) marks() string {
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

func (a *app) printJobs(jobs []listedJob) error {
	if len(jobs) == 0 {
		return nil
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NAME\tSTAGE\tTARGET\tARCH\tKIND\tIMAGE\tWHEN")
	for _, j := range jobs {
		when := j.When + j.marks()
		row := []any{j.Name, j.Stage, cmp.Or(j.Target, "-"), cmp.Or(j.Arch, "-"), j.Kind, cmp.Or(j.Image, "-"), when}
		for i, cell := range row {
			row[i] = termtext.Line(fmt.Sprint(cell))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row...)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.write(b.Bytes())
}
