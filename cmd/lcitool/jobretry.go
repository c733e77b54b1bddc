// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func newJobRetry(a *app) *cobra.Command {
	v := newJobVerb(a)
	var id string
	var fromFailed bool
	cmd := &cobra.Command{
		Use:   "retry [JOB...]",
		Short: "Run failed jobs again",
		Long: `Run the jobs that did not pass in the newest run of this project again, or the given ones
of that run. They run with the current tree and the options of that run; options on the
command line take precedence. The jobs that they need do not run again: their existing
artifacts are used.

With --from-failed, a job continues in its kept container, at the command that failed,
with the variables, functions, shell options and working directory that the script had
there. Changes to the tree since then are first copied into the container, except for
files that the job itself has changed. The log lists what was not repeated. A job whose
image has changed is not continued, nor one whose script has lost that command. If such a job
succeeds, its state is "passed (continued)", which reports do not count as passed. Run it
again from the start before you rely on the result.`,
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
	} else if !run.IsOf(project) {
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
		if v.resume, err = pipelinerun.Resumable(run, v.choice.Names, patterns, env); err != nil {
			return err
		}
		v.sayNotResumed()
	}
	if err := cliflags.Restore(cmd, run.Flags, recordedFlags(), []string{"env", "var", "file-var", "mask", "input"}); err != nil {
		return fmt.Errorf("run %s: %w", run.ID, err)
	}
	if err := settings.Yield(cmd.Flags()); err != nil {
		return err
	}
	v.choice.Alone, v.retryOf, v.given = true, run, patterns
	if err := v.check(cmd, v.choice.Names); err != nil {
		return err
	}
	if len(v.resume) > 0 && v.onFailure == "" {
		v.onFailure = "keep"
	}
	return v.execute(cmd)
}

// sayNotResumed says which jobs cannot be continued. They do not run, and the
// command fails.
func (v *jobVerb) sayNotResumed() {
	var left []string
	for _, name := range v.choice.Names {
		if v.resume[name].Container == "" {
			left = append(left, termtext.Line(name))
		}
	}
	if len(left) > 0 {
		v.app.Infof(`not continued, because no container of them is kept: %s; "lcitool job retry" runs jobs from their first commands`, strings.Join(left, ", "))
	}
}

// inputs checks the results of the jobs that a retry needs and does not run again.
func (v *jobVerb) inputs(p *pipelinerun.Plan) ([]string, error) {
	if v.retryOf == nil {
		return nil, nil
	}
	store, err := v.app.runs()
	if err != nil {
		return nil, err
	}
	unsure, err := p.Inputs(v.retryOf, store.Find)
	for _, name := range unsure {
		v.app.Infof("%s: needs a job that was continued, so it does not count as passed", termtext.Line(name))
	}
	return unsure, err
}

// recordedFlags returns the flags of "job run" that select what runs. They are
// recorded, because "job retry" uses them again.
func recordedFlags() []string {
	return []string{
		"event", "tag", "input", "branch", "default-branch", "upstream", "project", "server", "var", "var-file", "file-var", "mask", "changed",
		"upstream-namespace", "upstream-variable", "image-prefix", "image-tag", "default-image",
		"ci-dir", "render", "pull", "bootstrap", "exact", "debug-tools", "commit", "untracked", "full-history", "writable", "env", "env-file",
		"network", "memory", "cpus", "timeout", "device",
	}
}
