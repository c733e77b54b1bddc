// SPDX-License-Identifier: GPL-2.0-or-later

package clihelp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
)

// NeedAction runs a command that only has subcommands: it lists them, or reports
// that there is none of that name.
func NeedAction(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return cliflags.Usage(cmd, cliflags.Unknown(cmd, fmt.Errorf("unknown action %q", args[0]), args[0]))
	}
	if err := cmd.Help(); err != nil {
		return err
	}
	return cliflags.Usagef(cmd, "an action is required, see %s --help", cmd.CommandPath())
}

// Command prints the help of a command, and fails for one that does not exist.
func Command() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "Show the help of a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			of, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return cliflags.Actions(of), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of := cmd.Root()
			for _, arg := range args {
				at := slices.IndexFunc(of.Commands(), func(sub *cobra.Command) bool { return sub.Name() == arg })
				if at < 0 {
					return cliflags.Unknown(of, fmt.Errorf("%s has no command %q", of.CommandPath(), arg), arg)
				}
				of = of.Commands()[at]
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

// AddExamples sets the examples of a command and its subcommands. Keys are the
// names of commands without the program's.
func AddExamples(cmd *cobra.Command, all map[string][]string) {
	program, path, _ := strings.Cut(cmd.CommandPath(), " ")
	if list := all[path]; len(list) > 0 && cmd.Example == "" {
		lines := make([]string, len(list))
		for i, line := range list {
			lines[i] = "  " + program + " " + line
		}
		cmd.Example = strings.Join(lines, "\n")
	}
	for _, sub := range cmd.Commands() {
		AddExamples(sub, all)
	}
}
