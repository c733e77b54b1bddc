// SPDX-License-Identifier: GPL-2.0-or-later

// Package completion lists the words that complete a command line.
package completion

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// Words has methods that are each a cliflags.Completion. They return nothing if
// their data cannot be read.
type Words struct {
	Workspace func() *workspace.Workspace
	Pipeline  func() (string, error)                     // directory of the current pipeline
	Recorded  func() ([]jobrecord.Stored, error)         // runs of the current project
	Run       func(id string) (*jobrecord.Stored, error) // by the beginning of its ID, "" for the newest
}

// Targets returns all targets.
func (w *Words) Targets(*cobra.Command, []string) []string {
	catalogue, err := w.Workspace().Catalogue()
	if err != nil {
		return nil
	}
	return catalogue.Names()
}

// Arches returns the names of architectures, and their other names.
func Arches(arches []targets.Arch) []cobra.Completion {
	var names []cobra.Completion
	for _, arch := range arches {
		names = append(names, string(arch))
	}
	for _, arch := range arches {
		for _, other := range arch.OtherNames() {
			names = append(names, cobra.CompletionWithDesc(other, string(arch)))
		}
	}
	return names
}

// Projects returns the projects that have a name.
func (w *Words) Projects(*cobra.Command, []string) []string {
	set, err := w.Workspace().Facts()
	if err != nil {
		return nil
	}
	return set.ProjectNames()
}

// Mappings returns all mappings.
func (w *Words) Mappings(*cobra.Command, []string) []string {
	set, err := w.Workspace().Facts()
	if err != nil {
		return nil
	}
	return set.MappingNames()
}

// Jobs returns the jobs of the current pipeline, with their stages.
func (w *Words) Jobs(cmd *cobra.Command, args []string) []string {
	directory, err := w.Pipeline()
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

// Runs returns the IDs of recorded runs, with their results.
func (w *Words) Runs(*cobra.Command, []string) []string {
	runs, err := w.Recorded()
	if err != nil {
		return nil
	}
	var all []string
	for _, s := range jobrecord.Summarize(runs) {
		all = append(all, cobra.CompletionWithDesc(s.ID, termtext.Line(s.Result)))
	}
	return all
}

// RecordedJobs returns the jobs of the run that --run names, or of the newest.
func (w *Words) RecordedJobs(cmd *cobra.Command, args []string) []string {
	id := ""
	if f := cmd.Flags().Lookup("run"); f != nil {
		id = f.Value.String()
	}
	run, err := w.Run(id)
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

// KeptJobs returns the jobs with kept containers, then all others.
func (w *Words) KeptJobs(cmd *cobra.Command, args []string) []string {
	var all, names []string
	runs, err := w.Recorded()
	if err != nil {
		runs = nil
	}
	for _, run := range runs {
		for i := range run.Jobs {
			if j := &run.Jobs[i]; j.Container != "" && !slices.Contains(names, j.Name) {
				names = append(names, j.Name)
				all = append(all, cobra.CompletionWithDesc(termtext.Line(j.Name), "kept: "+j.Container))
			}
		}
	}
	for _, j := range w.Jobs(cmd, args) {
		if name, _, _ := strings.Cut(j, "\t"); !slices.Contains(names, name) {
			all = append(all, j)
		}
	}
	return all
}
