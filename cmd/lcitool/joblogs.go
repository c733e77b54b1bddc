// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/joblogs"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

func newJobLogs(a *app) *cobra.Command {
	var id string
	o := joblogs.Options{}
	cmd := &cobra.Command{
		Use:   "logs [JOB...]",
		Short: "Show the logs of jobs that ran on this machine",
		Long: `Show the output of the jobs of a run, by default of all jobs of the newest run of this
project. JOB is a name or a pattern; the name of a job that was repeated stands for all its
repetitions. The log of a single job is shown unchanged. With several jobs, each line
begins with the name of its job, and lines are in the order in which they were written.

With --follow, the logs of an active run are shown until its jobs have ended, also those of
further repetitions and child pipelines.
"lcitool job runs" lists the runs. The symbolic link latest in the state directory
(~/.local/state/lcitool) points to the files of the newest run.`,
		Example: `  lcitool job logs x86_64-debian-12 | less
  lcitool job logs --failed --timestamps
  lcitool job logs --follow
  lcitool job logs --run 20261123-2359 '*fedora*'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := a.findRun(id)
			if err != nil {
				return err
			}
			o.Run, o.Jobs = run, args
			out, done := stdio.ForProgram(a.Stdout)
			defer done()
			o.Out = out
			shown, err := joblogs.Show(cmd.Context(), o)
			if err != nil {
				return err
			}
			if o.Timestamps {
				a.Infos(run.Timings(shown))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&id, "run", "", "ID of the run, or the beginning of it (default the newest run of this project)")
	f.BoolVarP(&o.Follow, "follow", "f", false, "follow the logs until all jobs have ended")
	f.BoolVar(&o.Timestamps, "timestamps", false, "prefix lines with their time, and print the duration of each command at the end")
	f.BoolVar(&o.Failed, "failed", false, "show only failed jobs")
	return cmd
}

// findRun returns the run whose ID begins with text, or the newest run of the
// current project if text is "".
func (a *app) findRun(text string) (*jobrecord.Stored, error) {
	store, err := a.runs()
	if err != nil {
		return nil, err
	}
	project, err := a.projectDirectory()
	if err != nil && text == "" {
		return nil, err
	}
	return store.Choose(text, project)
}
