// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
)

func newJobShell(a *app) *cobra.Command {
	v := newJobVerb(a)
	var lastFailed bool
	cmd := &cobra.Command{
		Use:   "shell (--last-failed | JOB) [-- COMMAND...]",
		Short: "Start a shell in the container of a job",
		Long: `Start a shell, or run COMMAND, in the kept container of a failed job, with the
environment and in the working directory with which its script ended. The script itself
is ` + jobrun.ScriptFile + `.

If JOB has no kept container, a new one is created with the same image, variables and
tree, in which nothing has run yet. It is removed afterwards. If a process crashed in the
last run of JOB, its core is copied into the new container.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, command := args, []string(nil)
			if at := cmd.ArgsLenAtDash(); at >= 0 {
				names, command = args[:at], args[at:]
			}
			switch {
			case lastFailed && len(names) > 0:
				return cliflags.Usagef(cmd, "argument --last-failed: not allowed with argument JOB")
			case len(names) > 1:
				err := fmt.Errorf("unrecognized arguments: %s", strings.Join(names[1:], " "))
				return cliflags.Usage(cmd, diag.WithHint(err, `a command follows "--": lcitool job shell JOB -- COMMAND`))
			case !lastFailed && len(names) == 0:
				return cliflags.Usagef(cmd, "one of the arguments JOB, --last-failed is required")
			}
			return v.shell(cmd, strings.Join(names, ""), command)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&lastFailed, "last-failed", false, "enter the container of the job that failed last")
	v.imageFlags(f)
	v.limits.flags(f)
	v.event.flags(f)
	v.engine.flags(cmd)
	return cmd
}

// shell runs a shell in the kept container of the job called name, or of the
// latest failed job if name is "".
func (v *jobVerb) shell(cmd *cobra.Command, name string, command []string) error {
	if err := v.limits.check(cmd); err != nil {
		return err
	}
	project, err := v.app.pipelineDirectory()
	if err != nil {
		return err
	}
	store, err := v.app.runs()
	if err != nil {
		return err
	}
	engine, err := v.connect(cmd)
	if err != nil {
		return err
	}
	job := jobrecord.LastKept(store.Runs(project), name)
	if job == nil && name == "" {
		return diag.WithHint(errors.New("no container of a failed job of this project is kept"),
			`"lcitool job run" keeps them on a terminal, and with --on-failure keep everywhere`)
	}
	if job != nil {
		err := pipelinerun.EnterKept(cmd.Context(), engine, job, command, v.app.Own(), v.app.messages())
		if name == "" || !errors.Is(err, api.ErrNotKept) {
			return err
		}
	}
	return v.freshShell(cmd, engine, name, jobrecord.LastCrashes(store.Runs(project), name), command)
}

func (v *jobVerb) freshShell(cmd *cobra.Command, engine pipelinerun.Engine, name string, crashes []jobrecord.Crash, command []string) error {
	v.choice.Names, v.choice.Alone = []string{name}, true
	p, done, err := v.plan(cmd)
	if err != nil {
		return err
	}
	defer done()
	if err := v.app.checkWarnings(); err != nil {
		return err
	}
	if len(p.Jobs) != 1 {
		return fmt.Errorf("%q stands for %d jobs: name one", name, len(p.Jobs))
	}
	if command == nil {
		v.app.Infof("nothing of job %q has run in this container, which goes away afterwards; its script is %s", name, jobrun.ScriptFile)
	}
	o, err := v.localOptions(engine)
	if err != nil {
		return err
	}
	o.Keep = false
	s := v.app.Own()
	s.Build, s.Built = v.app.buildLog(p.Jobs[0].Image.Reference, v.app.Stderr)
	err = pipelinerun.Shell(cmd.Context(), p, o, crashes, command, s)
	var exit *api.ExitError
	if err != nil && !errors.As(err, &exit) {
		err = pipelinerun.Advise(name, p.Jobs[0].Role().Target, err)
	}
	return err
}
