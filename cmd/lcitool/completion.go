// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// addCompletions says how flags and arguments of commands are completed.
func (a *app) addCompletions(root *cobra.Command) {
	c := cliflags.Completions{Lists: []string{"projects", "targets"}}
	c.Flags = map[string]cliflags.Completion{
		"event":      cliflags.Words(pipelinerun.Events()...),
		"format":     cliflags.Words("text", "json"),
		"network":    cliflags.Words("none", "host", "bridge"),
		"on-failure": cliflags.Words("shell", "keep", "none"),
		"target":     a.completeTargets,
		"targets":    a.completeTargets,
		"projects":   a.completeProjects,
		"report":     cliflags.Words("junit=", "json=", "html="),
		"run":        a.completeRuns,
	}
	c.Arguments = map[string][]cliflags.Completion{
		"dockerfile":          {a.completeTargets, a.completeProjects},
		"buildenvscript":      {a.completeTargets, a.completeProjects},
		"variables":           {a.completeTargets, a.completeProjects},
		"explain":             {a.completeTargets, a.completeMappings, nil},
		"facts diff":          {a.completeTargets, a.completeTargets, nil},
		"container bootstrap": {a.completeTargets, nil},
		"job explain":         {a.completeJobs, nil},
		"job run":             {a.completeJobs},
		"job shell":           {a.completeShells, nil},
		"job logs":            {a.completeRecorded},
		"job retry":           {a.completeRecorded},
		"job diff":            {a.completeRecorded, a.completeRecorded, nil},
		"job bisect":          {a.completeJobs, nil},
	}
	c.Add(root)
}

func (a *app) completeTargets(*cobra.Command, []string) []string {
	catalogue, err := a.workspace().Catalogue()
	if err != nil {
		return nil
	}
	return catalogue.Names()
}

func (a *app) completeProjects(*cobra.Command, []string) []string {
	set, err := a.workspace().Facts()
	if err != nil {
		return nil
	}
	return set.ProjectNames()
}

func (a *app) completeMappings(*cobra.Command, []string) []string {
	set, err := a.workspace().Facts()
	if err != nil {
		return nil
	}
	return set.MappingNames()
}

// completeJobs gives the jobs of the pipeline at hand, with their stages.
func (a *app) completeJobs(cmd *cobra.Command, args []string) []string {
	directory, err := a.pipelineDirectory()
	if err != nil {
		return nil
	}
	source, err := pipelinerun.Open(cmd.Context(), pipelinerun.SourceOptions{Project: directory})
	if err != nil {
		return nil
	}
	defer source.Close()
	var names []string
	e := source.Pipeline.Evaluate(gitlabci.Event{Source: gitlabci.MergeRequest, Namespace: "fork", Project: "project", DefaultBranch: "main", Variables: map[string]string{"RUN_PIPELINE": "1"}})
	for i := range e.Jobs {
		if j := &e.Jobs[i]; !slices.Contains(args, j.Name) {
			names = append(names, cobra.CompletionWithDesc(termtext.Line(j.Name), termtext.Line(j.Stage)))
		}
	}
	return names
}

// recorded gives the runs of the project at hand.
func (a *app) recorded() []jobrecord.Stored {
	store, err := a.runs()
	if err != nil {
		return nil
	}
	project, err := a.projectDirectory()
	if err != nil {
		return nil
	}
	return store.Runs(project)
}

func (a *app) completeRuns(*cobra.Command, []string) []string {
	var all []string
	for _, s := range jobrecord.Summarize(a.recorded()) {
		all = append(all, cobra.CompletionWithDesc(s.ID, termtext.Line(s.Result)))
	}
	return all
}

// completeRecorded gives the jobs of a run: that of --run, or the newest one.
func (a *app) completeRecorded(cmd *cobra.Command, args []string) []string {
	id := ""
	if f := cmd.Flags().Lookup("run"); f != nil {
		id = f.Value.String()
	}
	run, err := a.findRun(id)
	if err != nil {
		return nil
	}
	var all []string
	for i := range run.Jobs {
		if j := &run.Jobs[i]; !slices.Contains(args, j.Name) {
			all = append(all, cobra.CompletionWithDesc(termtext.Line(j.Name), string(j.State)))
		}
	}
	return all
}

// completeShells gives the jobs whose containers are kept, then all others.
func (a *app) completeShells(cmd *cobra.Command, args []string) []string {
	var all, names []string
	for _, run := range a.recorded() {
		for i := range run.Jobs {
			if j := &run.Jobs[i]; j.Container != "" && !slices.Contains(names, j.Name) {
				names = append(names, j.Name)
				all = append(all, cobra.CompletionWithDesc(termtext.Line(j.Name), "kept: "+j.Container))
			}
		}
	}
	for _, j := range a.completeJobs(cmd, args) {
		if name, _, _ := strings.Cut(j, "\t"); !slices.Contains(names, name) {
			all = append(all, j)
		}
	}
	return all
}
