// SPDX-License-Identifier: GPL-2.0-or-later

package cliflags

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

// A UsageError is an invalid command line.
type UsageError struct {
	Command *cobra.Command
	Err     error
}

func (e *UsageError) Error() string { return e.Err.Error() }

func (e *UsageError) Unwrap() error { return e.Err }

// Usage wraps an error of the command line.
func Usage(cmd *cobra.Command, err error) error { return &UsageError{cmd, err} }

// Usagef returns a UsageError.
func Usagef(cmd *cobra.Command, format string, args ...any) error {
	return &UsageError{cmd, fmt.Errorf(format, args...)}
}

// Args requires exactly the named arguments.
func Args(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return Usagef(cmd, "the following arguments are required: %s", strings.Join(names[len(args):], ", "))
		case len(args) > len(names):
			err := fmt.Errorf("unrecognized arguments: %s", strings.Join(args[len(names):], " "))
			return Usage(cmd, Unknown(cmd, err, args[len(names)]))
		}
		return nil
	}
}

// AtMostArgs allows the named arguments and requires none.
func AtMostArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= len(names) {
			return nil
		}
		return Args(names...)(cmd, args)
	}
}

// Exclude fails if an option is given together with one of others, each as
// "OPTION OTHER OTHER".
func Exclude(cmd *cobra.Command, groups ...string) error {
	given := func(name string) bool {
		f := cmd.Flags().Lookup(name)
		return f != nil && f.Value.String() != f.DefValue
	}
	for _, group := range groups {
		names := strings.Fields(group)
		for _, other := range names[1:] {
			if given(names[0]) && given(other) {
				return Usagef(cmd, "argument --%s: not allowed with argument --%s", names[0], other)
			}
		}
	}
	return nil
}

// ValueError returns what is wrong with the value of a flag, without the name of
// the flag, if err is about a value that is not of the flag's type. It returns
// other errors unchanged.
func ValueError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	kinds := map[string]string{"int": "a whole number", "float64": "a number", "duration": "a duration such as 90s or 1h", "bool": "true or false"}
	kind, ok := kinds[invalid.GetFlag().Value.Type()]
	switch {
	case !ok:
		return errors.Unwrap(invalid)
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("'%s' is too large", invalid.GetValue())
	}
	return fmt.Errorf("'%s' is not %s", invalid.GetValue(), kind)
}

// FlagError wraps an error about a flag and suggests the flag that was meant.
func FlagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return Usagef(cmd, "argument --%s: %w", invalid.GetFlag().Name, ValueError(err))
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		All(cmd).VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, "--"+f.Name)
			}
		})
		name := unknown.GetSpecifiedName()
		if err = suggest(err, "--"+name, names); cmd.HasParent() && cmd.Root().Flags().Lookup(name) != nil {
			err = diag.WithHint(err, fmt.Sprintf("--%s comes before the command: %s --%s ...", name, cmd.Root().Name(), name))
		}
	}
	return Usage(cmd, err)
}

// IsFlagError reports whether err is about an option as such.
func IsFlagError(err error) bool {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
		usage   *UsageError
	)
	return !errors.As(err, &usage) &&
		(errors.As(err, &unknown) || errors.As(err, &missing) || errors.As(err, &invalid) || errors.As(err, &syntax))
}

// Actions returns the visible subcommands of a command.
func Actions(cmd *cobra.Command) []string {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// Unknown returns the error for an unknown subcommand, with a suggestion.
func Unknown(cmd *cobra.Command, err error, word string) error {
	return suggest(err, word, Actions(cmd))
}

// suggest adds the known word that is nearest to a wrong one, if one is near.
func suggest(err error, word string, known []string) error {
	if meant := facts.Suggestion(word, known); meant != "" {
		return diag.WithHint(err, meant)
	}
	return err
}

// Refuse fails if one of the named options is on the command line. One from an
// environment variable may be meant for other commands.
func Refuse(cmd *cobra.Command, getenv func(string) string, why string, names ...string) error {
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed && getenv(Variable(name)) == "" {
			return Usagef(cmd, "argument --%s: %s", name, why)
		}
	}
	return nil
}
