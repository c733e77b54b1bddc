// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/imageowners"
	"gitlab.com/lcitool/lcitool/internal/jobdiff"
)

func newJobDiff(a *app) *cobra.Command {
	var format string
	var ask bool
	engine := engineFlags{app: a}
	cmd := &cobra.Command{
		Use:   "diff JOB [JOB]",
		Short: "Compare two jobs that ran on this machine",
		Long: `Compare two jobs that "lcitool job run" or "lcitool run" ran: the versions of the packages
in their images, their variables, and the first line where their logs differ. Times and
other numbers that change with each run are ignored. This helps to find out why something
fails on one target only, or only since yesterday.

JOB is the name of a job, or a target that has only one job, and means the newest run of
this project in which it ran. JOB@previous is the run before that, JOB@passed and
JOB@failed are the newest runs in which the job passed or failed, and RUN:JOB is the run
whose ID begins with RUN. Of the repetitions in a run, the last one that fits is taken:
JOB@passed and JOB@failed compare two runs of a flaky job. A single JOB is compared with
its previous run.

If the first failing line names a header, a function, a symbol, a library, a tool, or a
module of pkg-config, Python or Perl, the packages that contain it are listed first. They
are found by their names. With --ask-images, both images are searched for it, and their
package managers are queried.

The packages of an image are those that its /packages.txt lists. With --ask-images, the
package manager of an image without that file is asked for them: dpkg-query, rpm or apk.

As with "lcitool facts diff", the exit status is 0 with and without differences.`,
		Example: `  lcitool job diff x86_64-debian-12 x86_64-fedora-44
  lcitool job diff x86_64-debian-13@passed x86_64-debian-13@failed
  lcitool job diff 20261123-2359:x86_64-debian-13 x86_64-debian-13
  lcitool job diff --ask-images x86_64-debian-12 x86_64-debian-13`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cliflags.Args("JOB")(cmd, args)
			}
			return cliflags.AtMostArgs("JOB", "JOB")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			left, right, err := a.jobsToCompare(cmd, args)
			if err != nil {
				return err
			}
			if ask {
				connect := func() (imageowners.Engine, error) { return engine.connect(cmd.Context(), cmd) }
				if err := imageowners.Add(cmd.Context(), connect, a.warnf, left, right); err != nil {
					return err
				}
			}
			d, err := jobdiff.Compare(left, right)
			if err != nil {
				return err
			}
			if format == "json" {
				return a.JSON(d)
			}
			return d.WriteText(a.Stdout)
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	cmd.Flags().BoolVar(&ask, "ask-images", false, "search both images for what the first failing line names and the packages that own it, and ask images without /packages.txt for their packages")
	engine.flags(cmd)
	return cmd
}

func (a *app) jobsToCompare(cmd *cobra.Command, args []string) (left, right *jobdiff.Input, err error) {
	store, err := a.runs()
	if err != nil {
		return nil, nil, err
	}
	project, err := a.projectDirectory()
	if err != nil {
		return nil, nil, err
	}
	c := &jobdiff.Chooser{Store: store, Project: project, PackageNames: func(target string) (map[string]string, error) {
		names, err := a.workspace().PackageNames(cmd.Context(), target)
		if err == nil {
			err = a.checkWarnings()
		}
		return names, err
	}}
	left, right, err = c.Pair(args)
	if same, ok := errors.AsType[*jobdiff.SameJobError](err); ok {
		err = cliflags.Usage(cmd, same)
	}
	return left, right, err
}

// projectDirectory returns the nearest directory with a pipeline, or else the
// base directory.
func (a *app) projectDirectory() (string, error) {
	if dir, err := a.pipelineDirectory(); err == nil {
		return dir, nil
	}
	return filepath.Abs(a.workspace().BaseDir())
}
