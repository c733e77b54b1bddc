// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/clihelp"
	"gitlab.com/lcitool/lcitool/internal/settings"
)

func newConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config COMMAND",
		Short: "Show the settings of the user and of the project",
		Args:  cobra.ArbitraryArgs,
		RunE:  clihelp.NeedAction,
	}
	cmd.AddCommand(newConfigShow(a))
	return cmd
}

func newConfigShow(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show all settings and where their values come from",
		Long: `Print each setting with its value and the origin of that value: an environment
variable, the settings file of the project or of the user, or the default. Values
of secret variables are hidden.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			const verb = "job run" // which has the options of all keys that only some commands use
			user, _, err := cmd.Root().Find(strings.Fields(verb))
			if err != nil {
				return err
			}
			if err := a.settings.Apply(user.Flags(), verb, a.warnings.AddError); err != nil {
				return err
			}
			list := a.listSettings(cmd.Root())
			return a.ResultTable(format, list, settings.Rows(list))
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	cmd.Flags().StringVar(&a.baseDir, "base-dir", "", "project directory (default the current directory)")
	return cmd
}

func (a *app) listSettings(root *cobra.Command) []settings.Listed {
	return a.settings.List(func(flag string) (variable, value string) {
		variable = cliflags.Variable(flag)
		return variable, a.Getenv(variable)
	}, func(key settings.Key) string { return cliflags.Default(root, key.Verbs, key.Flag) })
}
