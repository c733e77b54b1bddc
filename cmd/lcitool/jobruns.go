// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func newJobRuns(a *app) *cobra.Command {
	var format string
	var all bool
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs of jobs that are kept",
		Long: `List the runs of this project's jobs that lcitool has kept, newest first. The last 20
runs of all projects are. Other commands accept the beginning of an ID, such
as "lcitool job logs --run 20261123-2359".`,
		Example: `  lcitool job runs
  lcitool job runs --all --format json`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := a.runs()
			if err != nil {
				return err
			}
			project := ""
			if !all {
				if project, err = a.projectDirectory(); err != nil {
					return err
				}
			}
			runs := jobrecord.Summarize(store.Runs(project))
			if format == "json" {
				return a.json(append([]jobrecord.Summary{}, runs...))
			}
			return a.runTable(runs, all)
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "text or json", "text", "json")
	cmd.Flags().BoolVar(&all, "all", false, "list the runs of all projects")
	return cmd
}

// runTable writes runs for people.
func (a *app) runTable(runs []jobrecord.Summary, projects bool) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprint(w, "RUN\tSTARTED\tTIME\tTREE\tRESULT")
	if projects {
		_, _ = fmt.Fprint(w, "\tPROJECT")
	}
	_, _ = fmt.Fprintln(w)
	for _, r := range runs {
		tree := cmp.Or(r.Commit[:min(12, len(r.Commit))], "working tree")
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s", r.ID, r.Started.Local().Format("2006-01-02 15:04"), outcome.Elapsed(time.Duration(r.Seconds*float64(time.Second))), tree, termtext.Line(r.Result))
		if projects {
			_, _ = fmt.Fprintf(w, "\t%s", termtext.Line(r.Project))
		}
		_, _ = fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.write(b.Bytes())
}

// printCommands lists the commands of jobs with how long each took, as far as
// that is known.
func (a *app) printCommands(run *jobrecord.Stored, jobs []string) {
	if latest, err := jobrecord.Read(run.Dir); err == nil { // it may have gone on meanwhile
		run = &jobrecord.Stored{Run: *latest, Dir: run.Dir}
	}
	for i := range run.Jobs {
		j := &run.Jobs[i]
		if !slices.Contains(jobs, j.Name) {
			continue
		}
		for _, c := range j.Commands {
			a.infof("%s: %8s  %s", j.Name, outcome.Elapsed(time.Duration(c.Duration*float64(time.Second))), firstLine(c.Command))
		}
	}
}
