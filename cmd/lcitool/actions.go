// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

// needAction answers a command that only has others below it: it lists them, or
// says that there is none of that name.
func needAction(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{cmd, suggest(fmt.Errorf("unknown action %q", args[0]), args[0], actionNames(cmd))}
	}
	if err := cmd.Help(); err != nil {
		return err
	}
	return &usageError{cmd, fmt.Errorf("an action is required, see %s --help", cmd.CommandPath())}
}

// suggest adds the known word that is nearest to a wrong one, if one is near.
func suggest(err error, word string, known []string) error {
	if meant := facts.Suggestion(word, known); meant != "" {
		return diag.WithHint(err, meant)
	}
	return err
}

// actionNames are the commands below one that are no secret.
func actionNames(cmd *cobra.Command) []string {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// flagError makes an error about a flag one of the command line, with the flag
// that was meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cliflags.All(cmd).VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, "--"+f.Name)
			}
		})
		err = suggest(err, "--"+unknown.GetSpecifiedName(), names)
	}
	return &usageError{cmd, err}
}

// newHelp prints the help of a command, and fails for one that does not exist.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "Print the help of a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			of, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return actionNames(of), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of := cmd.Root()
			for _, arg := range args {
				sub := subcommand(of, arg)
				if sub == nil {
					return suggest(fmt.Errorf("%s has no command %q", of.CommandPath(), arg), arg, actionNames(of))
				}
				of = sub
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

func subcommand(cmd *cobra.Command, name string) *cobra.Command {
	for _, sub := range cmd.Commands() {
		if sub.Name() == name {
			return sub
		}
	}
	return nil
}
