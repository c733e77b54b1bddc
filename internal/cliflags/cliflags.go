// SPDX-License-Identifier: GPL-2.0-or-later

// Package cliflags reads command lines.
package cliflags

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// Variable is the environment variable that gives an option its value.
func Variable(flag string) string {
	return "LCITOOL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// FromEnvironment sets options that are not on the command line from their
// environment variables, also those before the command's name. LCITOOL_VERSION may
// say which lcitool a script installs.
func FromEnvironment(cmd *cobra.Command, getenv func(string) string) error {
	var err error
	for _, flags := range []*pflag.FlagSet{cmd.Flags(), cmd.Root().Flags()} {
		flags.VisitAll(func(f *pflag.Flag) {
			name := Variable(f.Name)
			value := getenv(name)
			if f.Changed || value == "" || err != nil || f.Name == "help" || f.Name == "version" {
				return
			}
			if e := flags.Set(f.Name, value); e != nil {
				err = Usagef(cmd, "environment variable %s: %w", name, ValueError(e))
			}
		})
	}
	return err
}

// choices is the annotation of an option with the values that it may have.
const choices = "lcitool_choices"

// Choice adds an option that accepts the given values; the first is the default.
func Choice(f *pflag.FlagSet, value *string, name, shorthand, usage string, values ...string) {
	f.StringVarP(value, name, shorthand, values[0], usage)
	if err := f.SetAnnotation(name, choices, values); err != nil { // only for an option that is not there
		panic(err)
	}
}

// CheckChoices fails if an option has a value that is not one of its choices.
func CheckChoices(cmd *cobra.Command) error {
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if values, ok := f.Annotations[choices]; ok && err == nil {
			err = CheckChoice(cmd, f.Name, f.Value.String(), values...)
		}
	})
	return err
}

// CheckChoice fails if the value of an option is not one of some.
func CheckChoice(cmd *cobra.Command, flag, value string, values ...string) error {
	if err := checkChoice(value, values); err != nil {
		return Usagef(cmd, "argument --%s: %w", flag, err)
	}
	return nil
}

func checkChoice(value string, values []string) error {
	if slices.Contains(values, value) {
		return nil
	}
	named := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" }) // "" stands for no choice
	return fmt.Errorf("invalid choice: '%s' (choose from %s)", value, strings.Join(named, ", "))
}

// SetChoice sets an option, which stays as it is if it cannot have the value.
func SetChoice(flags *pflag.FlagSet, f *pflag.Flag, value string) error {
	if values, ok := f.Annotations[choices]; ok {
		if err := checkChoice(value, values); err != nil {
			return err
		}
	}
	if err := flags.Set(f.Name, value); err != nil {
		return ValueError(err)
	}
	return nil
}

// Expand replaces unambiguous prefixes of long options by their names, as the
// Python lcitool does.
func Expand(root *cobra.Command, args []string) []string {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return args // completion must see the words unchanged
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
			flag := find(command, name)
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
			if f := All(command).ShorthandLookup(arg[1:]); f != nil && f.NoOptDefVal == "" && i+1 < len(args) {
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

// find returns the flag with that name or unambiguous prefix, or nil. A prefix of
// one of the command's own flags may also be one of a global flag, because the
// Python lcitool has global flags only before the command.
func find(cmd *cobra.Command, name string) *pflag.Flag {
	flags := All(cmd)
	if f := flags.Lookup(name); f != nil {
		return f
	}
	inherited := cmd.InheritedFlags()
	var own, global []*pflag.Flag
	flags.VisitAll(func(f *pflag.Flag) {
		switch {
		case name == "" || !strings.HasPrefix(f.Name, name):
		case inherited.Lookup(f.Name) == nil:
			own = append(own, f)
		default:
			global = append(global, f)
		}
	})
	if len(own) == 0 {
		own = global
	}
	if len(own) != 1 {
		return nil
	}
	return own[0]
}

// All returns the flags of a command with those of the ones above it.
func All(cmd *cobra.Command) *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.AddFlagSet(cmd.InheritedFlags())
	flags.AddFlagSet(cmd.Flags())
	flags.AddFlagSet(cmd.PersistentFlags())
	return flags
}

// Given lists which of the named options are set, as "--NAME=VALUE".
func Given(cmd *cobra.Command, names []string) []string {
	var all []string
	for _, name := range names {
		f := cmd.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		for _, value := range values(f) {
			all = append(all, "--"+name+"="+value)
		}
	}
	return all
}

// values returns the values of an option, which is one unless it is a list.
func values(f *pflag.Flag) []string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return []string{f.Value.String()}
}

// pairName returns the name in NAME=VALUE or NAME.
func pairName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return name
}

// AbsoluteFiles makes the paths in options of the given names absolute, so that they
// are the same in another directory. A path may follow "NAME=".
func AbsoluteFiles(options []string, names ...string) []string {
	all := slices.Clone(options)
	for i, text := range all {
		option, value, _ := strings.Cut(text, "=")
		if !slices.Contains(names, strings.TrimPrefix(option, "--")) {
			continue
		}
		head, file := option+"=", value
		if option == "--file-var" {
			name, path, _ := strings.Cut(value, "=")
			head, file = head+name+"=", path
		}
		if abs, err := filepath.Abs(file); err == nil && file != "" {
			all[i] = head + abs
		}
	}
	return all
}

// Restore sets options that Given listed for an earlier command line,
// "--NAME=VALUE", unless the command line has them itself. It restores only
// those in names. Values of the options in pairs are NAME=VALUE or NAME; there
// the command line replaces only those with the same NAME.
func Restore(cmd *cobra.Command, options, names, pairs []string) error {
	given := map[string]bool{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		given[f.Name] = !slices.Contains(pairs, f.Name)
		for _, value := range values(f) {
			given[f.Name+"="+pairName(value)] = true
		}
	})
	for _, text := range options {
		name, value, _ := strings.Cut(strings.TrimPrefix(text, "--"), "=")
		if given[name] || given[name+"="+pairName(value)] || !slices.Contains(names, name) {
			continue
		}
		if strings.Contains(value, redact.Hidden) {
			return diag.WithHint(fmt.Errorf("it was given a secret, which is not kept: --%s=%s", name, value), "give it again")
		}
		if err := cmd.Flags().Set(name, value); err != nil {
			return fmt.Errorf("cannot use its option --%s again: %w", name, err)
		}
	}
	return nil
}

// Default returns the default value of an option, "" if no command
// has it. verbs are those that may; nil stands for "run".
func Default(root *cobra.Command, verbs []string, flag string) string {
	if verbs == nil {
		verbs = []string{"run"}
	}
	for _, verb := range verbs {
		cmd, _, err := root.Find(strings.Fields(verb))
		if err != nil {
			continue
		}
		if f := All(cmd).Lookup(flag); f != nil {
			return strings.TrimPrefix(f.DefValue, "0s")
		}
	}
	return ""
}
