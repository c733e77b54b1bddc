// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newRoot makes the command with all its verbs.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "lcitool",
		Short: "Build environments, pipelines and containers for many distributions",
		Long: `lcitool knows what each build dependency is called on each distribution. From
that it writes Dockerfiles, build-environment scripts and whole GitLab
pipelines, and runs builds and tests in the containers they describe.`,
		SilenceErrors:    true,
		SilenceUsage:     true,
		TraverseChildren: true,
		Args:             cobra.ArbitraryArgs,
		RunE:             needAction,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.prepare()
			a.command = cmd
			if err := a.fromEnvironment(cmd); err != nil {
				return err
			}
			return a.fromSettings(cmd)
		},
	}
	root.Version = versionText()
	root.SetVersionTemplate(versionLine() + "\n")
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(helpStyle().Usage)
	root.SetHelpCommand(newHelp())

	flags := root.PersistentFlags()
	flags.BoolVar(&a.debug, "debug", false, "print debug messages on stderr")
	flags.BoolVar(&a.strict, "strict", false, "treat unused keys and selectors as errors")
	flags.BoolVar(&a.offline, "offline", false, "make no network requests")
	flags.StringVarP(&a.dataDir, "data-dir", "d", "", "directory with additional facts (default ci/lcitool if it exists)")
	flags.StringVar(&a.factsDir, "facts-dir", "", "directory with facts that replace the built-in ones")
	root.Flags().StringVarP(&a.config, "config", "c", "", "settings file of the user (default lcitool/config.yml in the user's configuration directory)")

	root.AddCommand(
		newMissing(a, "install", "sets up no machines", missingMachine),
		newMissing(a, "update", "sets up no machines", missingMachine),
		newMissing(a, "hosts", "keeps no list of machines", `"lcitool targets" lists the targets`),
		newMissing(a, "build", "builds on no machines", `"lcitool run --target TARGET --projects PROJECTS -- COMMAND" and "lcitool job run" build in containers`),
		newTargets(a),
		newProjects(a),
		newDockerfile(a),
		newBuildEnvScript(a),
		newVariables(a),
		newManifest(a),
		newExplain(a),
		newFacts(a),
		newContainer(a),
		newConfig(a),
		newRun(a),
		newJob(a),
		newStats(a),
		newDoctor(a),
		newVersion(a),
	)
	root.InitDefaultCompletionCmd()
	addExamples(root)
	a.addCompletions(root)
	return root
}

// fromEnvironment gives each option that is not on the command line the value
// of its variable: LCITOOL_DATA_DIR for --data-dir.
func (a *app) fromEnvironment(cmd *cobra.Command) error {
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "LCITOOL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := a.getenv(name)
		if f.Changed || value == "" || err != nil {
			return
		}
		if e := cmd.Flags().Set(f.Name, value); e != nil {
			err = &usageError{cmd, fmt.Errorf("environment variable %s: %w", name, e)}
		}
	})
	return err
}

// needArgs demands exactly the named arguments.
func needArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return &usageError{cmd, fmt.Errorf("the following arguments are required: %s", strings.Join(names[len(args):], ", "))}
		case len(args) > len(names):
			return &usageError{cmd, fmt.Errorf("unrecognized arguments: %s", strings.Join(args[len(names):], " "))}
		}
		return nil
	}
}

// choice demands one of the values for a flag.
func choice(cmd *cobra.Command, flag, value string, values ...string) error {
	for _, v := range values {
		if v == value {
			return nil
		}
	}
	return &usageError{cmd, fmt.Errorf("argument --%s: invalid choice: '%s' (choose from %s)", flag, value, strings.Join(values, ", "))}
}

// expandFlags writes out long options that are given by an unambiguous
// beginning, as those who know the original may do.
func expandFlags(root *cobra.Command, args []string) []string {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return args // they are completed as they are
	}
	out := make([]string, 0, len(args))
	command := root
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return append(out, args[i:]...)
		case strings.HasPrefix(arg, "--"):
			name, value, hasValue := strings.Cut(arg[2:], "=")
			flag := findFlag(command, name)
			if flag == nil {
				break
			}
			arg = "--" + flag.Name
			if hasValue {
				arg += "=" + value
			} else if flag.NoOptDefVal == "" && i+1 < len(args) {
				out = append(out, arg)
				i++
				arg = args[i]
			}
		case len(arg) == 2 && arg[0] == '-':
			if f := allFlags(command).ShorthandLookup(arg[1:]); f != nil && f.NoOptDefVal == "" && i+1 < len(args) {
				out = append(out, arg)
				i++
				arg = args[i]
			}
		case arg != "" && arg[0] != '-':
			for _, sub := range command.Commands() {
				if sub.Name() == arg {
					command = sub
				}
			}
		}
		out = append(out, arg)
	}
	return out
}

// isFlagError reports whether err is about an option as such.
func isFlagError(err error) bool {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
		usage   *usageError
	)
	return !errors.As(err, &usage) &&
		(errors.As(err, &unknown) || errors.As(err, &missing) || errors.As(err, &invalid) || errors.As(err, &syntax))
}

// findFlag gives the only flag of that name or beginning, nil for none or
// several.
func findFlag(cmd *cobra.Command, name string) *pflag.Flag {
	flags := allFlags(cmd)
	if f := flags.Lookup(name); f != nil {
		return f
	}
	var found []*pflag.Flag
	flags.VisitAll(func(f *pflag.Flag) {
		if name != "" && strings.HasPrefix(f.Name, name) {
			found = append(found, f)
		}
	})
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// allFlags gives the flags of a command with those of the ones above it.
func allFlags(cmd *cobra.Command) *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.AddFlagSet(cmd.InheritedFlags())
	flags.AddFlagSet(cmd.Flags())
	flags.AddFlagSet(cmd.PersistentFlags())
	return flags
}
