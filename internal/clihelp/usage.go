// SPDX-License-Identifier: GPL-2.0-or-later

// Package clihelp writes the help of commands, for terminals or as manual pages.
package clihelp

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A Group is a heading for flags of commands.
type Group struct {
	Heading string
	With    string   // only for commands that have this flag; "" for all
	Flags   []string // names
}

// A Style says how help is laid out.
type Style struct {
	Groups []Group // flags of none of them come first, below "Flags"
}

// longList is the number of flags from which on headings are used.
const longList = 9

// grouped returns the flags of a command itself below their headings.
func (s *Style) grouped(cmd *cobra.Command) (headings []string, sets []*pflag.FlagSet) {
	local := cmd.LocalFlags()
	n := 0
	local.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			n++
		}
	})
	named := map[string]int{} // a flag of several groups is in the first
	for i, g := range slices.Backward(s.Groups) {
		if g.With != "" && local.Lookup(g.With) == nil {
			continue
		}
		for _, name := range g.Flags {
			named[name] = i + 1
		}
	}
	all := make([]*pflag.FlagSet, len(s.Groups)+1)
	local.VisitAll(func(f *pflag.Flag) {
		at := named[f.Name]
		if n < longList {
			at = 0
		}
		if all[at] == nil {
			all[at] = pflag.NewFlagSet("", pflag.ContinueOnError)
		}
		all[at].AddFlag(f)
	})
	for i, set := range all {
		if set == nil || !set.HasAvailableFlags() {
			continue
		}
		heading := "Flags"
		if i > 0 {
			heading = s.Groups[i-1].Heading
		}
		headings, sets = append(headings, heading), append(sets, set)
	}
	return headings, sets
}

// Usage writes the usage of a command, for (*cobra.Command).SetUsageFunc.
func (s *Style) Usage(cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.Runnable() && (!cmd.HasAvailableSubCommands() || strings.Contains(cmd.Use, " [")) {
		b.WriteString("  " + cmd.UseLine() + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("  " + cmd.CommandPath() + " COMMAND [flags]\n")
	}
	if cmd.HasExample() {
		b.WriteString("\nExamples:\n" + cmd.Example + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	headings, sets := s.grouped(cmd)
	for i, set := range sets {
		b.WriteString("\n" + headings[i] + ":\n" + trimmed(set.FlagUsages()) + "\n")
	}
	if cmd.HasAvailableInheritedFlags() {
		b.WriteString("\nGlobal flags:\n" + trimmed(cmd.InheritedFlags().FlagUsages()) + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nRun \"%s COMMAND --help\" for more about a command.\n", cmd.CommandPath())
	}
	_, err := io.WriteString(cmd.OutOrStderr(), b.String())
	return err
}

// trimmed is a text without white space at the ends of lines.
func trimmed(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
