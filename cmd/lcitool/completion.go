// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/clihelp"
	"gitlab.com/lcitool/lcitool/internal/completion"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
)

func (a *app) addCompletions(root *cobra.Command) {
	w := &completion.Words{Workspace: a.workspace, Pipeline: a.pipelineDirectory, Recorded: a.recorded, Run: a.findRun}
	c := cliflags.Completions{Lists: []string{"projects", "targets"}}
	c.Flags = map[string]cliflags.Completion{
		"event":      cliflags.Words(pipelinerun.Events()...),
		"label":      cliflags.Words(imageplan.ToolboxLabels),
		"network":    cliflags.Words("none", "host", "bridge"),
		"on-failure": cliflags.Words("shell", "keep", "none"),
		"target":     w.Targets,
		"targets":    w.Targets,
		"projects":   w.Projects,
		"report":     cliflags.Words("junit=", "json=", "html="),
		"run":        w.Runs,
	}
	c.Arguments = map[string][]cliflags.Completion{
		"devcontainer":        {w.Targets, w.Projects},
		"dockerfile":          {w.Targets, w.Projects},
		"buildenvscript":      {w.Targets, w.Projects},
		"variables":           {w.Targets, w.Projects},
		"explain":             {w.Targets, w.Mappings, nil},
		"facts diff":          {w.Targets, w.Targets, nil},
		"container bootstrap": {w.Targets, nil},
		"job explain":         {w.Jobs, nil},
		"job run":             {w.Jobs},
		"job shell":           {w.KeptJobs, nil},
		"job logs":            {w.RecordedJobs},
		"job retry":           {w.RecordedJobs},
		"job diff":            {w.RecordedJobs, w.RecordedJobs, nil},
		"job bisect":          {w.Jobs, nil},
	}
	c.Add(root)
}

// describeCompletion gives cobra's command "completion" the descriptions, usage errors
// and shells of this program.
func describeCompletion(root *cobra.Command) {
	loading := shellLoading()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Use = "completion COMMAND"
		cmd.Short = "Print a script that completes command lines in a shell"
		cmd.Args, cmd.RunE = cobra.ArbitraryArgs, clihelp.NeedAction
		cmd.Long = "Print a script that completes the commands, flags and arguments of lcitool in a shell.\nThe help of the subcommand for your shell explains how to load the script."
		for _, shell := range cmd.Commands() {
			how, ok := loading[shell.Name()]
			if !ok {
				cmd.RemoveCommand(shell)
				continue
			}
			shell.Args, shell.DisableFlagsInUseLine = cliflags.Args(), false
			shell.Short = "Print the completion script for " + shell.Name()
			if shell.Name() == "bash" {
				shell.RunE = func(cmd *cobra.Command, _ []string) error {
					plain, err := cmd.Flags().GetBool("no-descriptions")
					if err != nil {
						return err
					}
					return cliflags.WriteBashScript(cmd.Root(), cmd.OutOrStdout(), !plain)
				}
			}
			shell.Long = shell.Short + ". The packages of lcitool install it.\n" + how
		}
	}
}

// shellLoading says for each supported shell how to load its script.
func shellLoading() map[string]string {
	return map[string]string{
		"bash": `The script needs the package bash-completion. The examples install it for
one user and for all users; new shells load it. To load it in a running shell:

    source <(lcitool completion bash)
`,
		"zsh": `The examples install it for all users, with descriptions and without; new shells
load it. They need "autoload -U compinit; compinit" in ~/.zshrc. To load it in a
running shell:

    source <(lcitool completion zsh)
`,
		"fish": `The examples install it for one user and for all users; new shells load it.
To load it in a running shell:

    lcitool completion fish | source
`,
	}
}

func (a *app) recorded() ([]jobrecord.Stored, error) {
	store, err := a.runs()
	if err != nil {
		return nil, err
	}
	project, err := a.projectDirectory()
	if err != nil {
		return nil, err
	}
	return store.Runs(project), nil
}
