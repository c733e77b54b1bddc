// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A completion gives the words that can stand at a place of a command line. It
// asks nobody: no request leaves the machine and no engine is started.
type completion func(cmd *cobra.Command, args []string) []string

// function is what cobra wants. With list the last of several words with commas
// between them is completed.
func (c completion) function(list bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		before := ""
		if at := strings.LastIndexByte(word, ','); list && at >= 0 {
			before, word = word[:at+1], word[at+1:]
		}
		var found []string
		for _, w := range c(cmd, args) {
			name, _, _ := strings.Cut(w, "\t")
			if strings.HasPrefix(name, word) && !strings.ContainsAny(name, "\n\r") {
				found = append(found, before+w)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// words completes with the same words always.
func words(all ...string) completion { return func(*cobra.Command, []string) []string { return all } }

// addCompletions says how flags and arguments of commands are completed.
func (a *app) addCompletions(root *cobra.Command) {
	flags := map[string]completion{
		"event":      words(pipelinerun.Events()...),
		"format":     words("text", "json"),
		"network":    words("none", "host", "bridge"),
		"on-failure": words("shell", "keep", "none"),
		"target":     a.completeTargets,
		"targets":    a.completeTargets,
		"projects":   a.completeProjects,
		"report":     words("junit=", "json=", "html="),
		"run":        a.completeRuns,
	}
	arguments := map[string][]completion{ // the last one stands for all that follow
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
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for name, c := range flags {
			if f := cmd.Flags().Lookup(name); f != nil && !(name == "run" && f.Value.Type() != "string") {
				_ = cmd.RegisterFlagCompletionFunc(name, c.function(name == "projects" || name == "targets")) // fails for a flag that has one
			}
		}
		_, path, _ := strings.Cut(cmd.CommandPath(), " ")
		if list := arguments[path]; list != nil && cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
				c := list[min(len(args), len(list)-1)]
				if c == nil {
					return nil, cobra.ShellCompDirectiveDefault
				}
				return c.function(len(list) == 2 && len(args) == 1)(cmd, args, word)
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
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
