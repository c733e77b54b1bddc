// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/clihelp"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

func newRoot(a *app) *cobra.Command { return newRootWith(a, verbs()) }

func newRootWith(a *app, verbs []verb) *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:   "lcitool COMMAND",
		Short: "Generate build environments and GitLab pipelines, and run jobs in containers",
		Long: `lcitool generates a project's Dockerfiles and GitLab pipeline from a list of its
dependencies, runs the jobs of the pipeline in containers on this machine, and helps to
find out why one fails. It knows the name of each dependency on each distribution.`,
		SilenceErrors:    true,
		SilenceUsage:     true,
		TraverseChildren: true,
		Args:             cobra.ArbitraryArgs,
		RunE:             clihelp.NeedAction,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				return printVersion(cmd)
			}
			a.prepare()
			a.command = cmd
			if err := cliflags.FromEnvironment(cmd, a.Getenv); err != nil {
				return err
			}
			if err := a.fromSettings(cmd); err != nil {
				return err
			}
			return cliflags.CheckChoices(cmd)
		},
	}
	a.help = &stdio.ErrorKeeper{To: a.Stdout}
	root.SetOut(a.help)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(cliflags.FlagError)
	root.SetUsageFunc(helpStyle().Usage)
	root.SetHelpCommand(clihelp.Command())

	flags := root.PersistentFlags()
	flags.BoolVar(&a.debug, "debug", false, "print debug messages to stderr")
	flags.BoolVar(&a.strict, "strict", false, "treat unused keys and selectors as errors")
	flags.BoolVar(&a.offline, "offline", false, "make no network requests")
	flags.StringVarP(&a.dataDir, "data-dir", "d", "", "directory with additional facts (default ci/lcitool if it exists)")
	flags.StringVar(&a.factsDir, "facts-dir", "", "directory with facts that replace the built-in ones")
	root.Flags().StringVarP(&a.config, "config", "c", "", "user settings file (default ~/.config/lcitool/config.yml)")
	versionFlag(root.Flags(), &showVersion)

	for _, v := range verbs {
		root.AddCommand(v.command(a))
	}
	root.InitDefaultCompletionCmd()
	describeCompletion(root)
	clihelp.AddExamples(root, examples())
	a.addCompletions(root)
	return root
}
