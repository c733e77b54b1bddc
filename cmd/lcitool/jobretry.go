// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/settings"
)

func newJobRetry(a *app) *cobra.Command {
	v := newJobVerb(a)
	var id string
	var fromFailed bool
	cmd := &cobra.Command{
		Use:   "retry [JOB...]",
		Short: "Run again the jobs that failed",
		Long: `Run again what did not pass in the newest run of this project, or JOB of it, with the
tree as it is now and the options of that run; options that are given here count more.
Jobs that they need do not run: their artifacts are taken as they are.

With --from-failed a job goes on in the container that was kept, at the command that
failed, with the variables, functions, options and directory that the script had
there. What has changed in the tree since is brought into the container first, except
for files that the job itself has changed. The log says what was not repeated. A job
that ends well so has passed (continued), which no report counts as passed; run it
again as a whole before you rely on it.`,
		Example: `  lcitool job retry
  lcitool job retry x86_64-debian-12 --env CFLAGS=-O0
  lcitool job retry --from-failed`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return v.retry(cmd, id, args, fromFailed)
		},
	}
	f := cmd.Flags()
	f.StringVar(&id, "run", "", "ID of the run whose jobs to retry, or the beginning of it (default the newest run of this project)")
	f.BoolVar(&fromFailed, "from-failed", false, "continue in the kept containers, at the commands that failed")
	v.imageFlags(f)
	v.runFlags(f)
	v.repeatFlags(f)
	v.event.flags(f)
	v.engine.flags(cmd)
	return cmd
}

// retry runs jobs of a run again.
func (v *jobVerb) retry(cmd *cobra.Command, id string, patterns []string, fromFailed bool) error {
	a := v.app
	if fromFailed && v.repeats.wanted() {
		return cliflags.Usagef(cmd, "argument --from-failed: not allowed with arguments --repeat and --until-failure")
	}
	run, err := a.findRun(id)
	if err != nil {
		return err
	}
	if project, err := a.pipelineDirectory(); err != nil {
		return err
	} else if project != run.Project {
		return fmt.Errorf("run %s is of %s, not of %s", run.ID, run.Project, project)
	}
	if v.choice.Names, err = pipelinerun.Retries(run, patterns); err != nil {
		return err
	}
	if fromFailed {
		env, err := settings.Environment(v.envFiles, v.env, os.LookupEnv)
		if err != nil {
			return err
		}
		if v.resume, err = pipelinerun.Resumable(run, v.choice.Names, len(patterns) > 0, env); err != nil {
			return err
		}
		v.choice.Names = slices.DeleteFunc(v.choice.Names, func(name string) bool { return v.resume[name].Container == "" })
	}
	if err := cliflags.Restore(cmd, run.Flags, recordedFlags()); err != nil {
		return fmt.Errorf("run %s: %w", run.ID, err)
	}
	v.choice.Alone, v.retryOf = true, run
	if err := v.check(cmd, v.choice.Names); err != nil {
		return err
	}
	if len(v.resume) > 0 && v.onFailure == "" {
		v.onFailure = "keep"
	}
	return v.execute(cmd)
}

// recordedFlags are the options of "job run" that say what runs, rather than
// how it is shown.
func recordedFlags() []string {
	return []string{
		"event", "tag", "input", "branch", "default-branch", "upstream", "project", "server", "var", "var-file", "file-var", "mask", "changed",
		"upstream-namespace", "upstream-variable", "image-prefix", "image-tag", "default-image",
		"ci-dir", "render", "pull", "bootstrap", "exact", "commit", "untracked", "full-history", "writable", "env", "env-file",
		"network", "memory", "cpus", "timeout", "device",
	}
}
