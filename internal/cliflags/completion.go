// SPDX-License-Identifier: GPL-2.0-or-later

package cliflags

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A Completion returns the words that can follow on a command line. It makes no
// request and starts no engine.
type Completion func(cmd *cobra.Command, args []string) []string

// function converts to cobra's type. With list it completes the last of several
// words separated by commas.
func (c Completion) function(list bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		before := ""
		if at := strings.LastIndexByte(word, ','); list && at >= 0 {
			before, word = word[:at+1], word[at+1:]
		}
		var found []string
		for _, w := range c(cmd, args) {
			name, _, _ := strings.Cut(w, "\t")
			if strings.HasPrefix(name, word) && !strings.HasPrefix(name, "-") && !strings.ContainsAny(name, "\n\r") {
				found = append(found, before+w)
			}
		}
		if len(found) > 1 {
			found = slices.DeleteFunc(found, isCommand)
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// isCommand reports whether bash may run a part of a word, such as the name of a job in a
// hostile pipeline. bash inserts what several words have in common without quotes, and
// the script runs the command line at the next completion. A single word is quoted.
func isCommand(word string) bool {
	name, _, _ := strings.Cut(word, "\t")
	return strings.ContainsAny(name, "$`;&|<>!")
}

// Words completes with the same words always.
func Words(all ...string) Completion { return func(*cobra.Command, []string) []string { return all } }

// Completions has the completion of each flag and argument.
type Completions struct {
	Flags     map[string]Completion   // by name of the flag
	Arguments map[string][]Completion // by path of the command; the last one stands for all that follow, nil for files
	Lists     []string                // flags whose value is a list with commas
}

// Add completes the command lines of a command and of those below it. A flag that
// has choices is completed with those.
func (c *Completions) Add(root *cobra.Command) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if values, ok := f.Annotations[choices]; ok && c.Flags[f.Name] == nil {
				_ = cmd.RegisterFlagCompletionFunc(f.Name, Words(values...).function(false)) // fails for a flag that has one
			}
		})
		for name, words := range c.Flags {
			if f := cmd.Flags().Lookup(name); f != nil && !(name == "run" && f.Value.Type() != "string") {
				_ = cmd.RegisterFlagCompletionFunc(name, words.function(slices.Contains(c.Lists, name))) // fails for a flag that has one
			}
		}
		_, path, _ := strings.Cut(cmd.CommandPath(), " ")
		if list := c.Arguments[path]; list != nil && cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
				words := list[min(len(args), len(list)-1)]
				if words == nil {
					return nil, cobra.ShellCompDirectiveDefault
				}
				return words.function(len(list) == 2 && len(args) == 1)(cmd, args, word)
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
}
