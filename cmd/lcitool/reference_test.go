// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"gitlab.com/lcitool/lcitool/internal/clihelp"
	"gitlab.com/lcitool/lcitool/internal/golden"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// TestReference compares the command reference and the man pages with the commands; -update
// rewrites them.
func TestReference(t *testing.T) {
	root := newRoot(&app{Streams: stdio.Streams{Stdout: io.Discard, Stderr: io.Discard}})
	reference, man := map[string][]byte{}, map[string][]byte{}
	walk(root, func(cmd *cobra.Command) {
		cmd.DisableAutoGenTag = true
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		var page bytes.Buffer
		link := func(file string) string { return strings.ReplaceAll(file, "_", "-") }
		if err := doc.GenMarkdownCustom(cmd, &page, link); err != nil {
			t.Fatal(err)
		}
		reference[name+".md"] = page.Bytes()
		manual := clihelp.Describe(cmd)
		manual.Files = manualFiles()
		man[name+".1"] = helpStyle().Man(cmd, manual)
	})
	if len(reference) < 10 {
		t.Fatalf("only %d commands", len(reference))
	}
	golden.Tree(t, "../../docs/reference", reference)
	golden.Tree(t, "../../docs/man", man)
}

func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			walk(sub, visit)
		}
	}
}

func TestEveryCommandSaysWhatItDoes(t *testing.T) {
	walk(newRoot(&app{Streams: stdio.Streams{Stdout: io.Discard, Stderr: io.Discard}}), func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short description %q", cmd.CommandPath(), cmd.Short)
		}
	})
}

func TestSettingsApplyToAllJobCommands(t *testing.T) {
	walk(newRoot(&app{Streams: stdio.Streams{Stdout: io.Discard, Stderr: io.Discard}}), func(cmd *cobra.Command) {
		verb := verbPath(cmd)
		for _, key := range settings.Keys() {
			if key.Flag == "" || key.Verbs == nil || !strings.HasPrefix(verb, "job ") || cmd.LocalFlags().Lookup(key.Flag) == nil {
				continue
			}
			if !slices.Contains(key.Verbs, verb) {
				t.Errorf("%q has the option --%s, and the setting %s does not apply to it", verb, key.Flag, key.Name)
			}
		}
	})
}

// TestExamples: each command has examples that it can parse. Those of a command that only has
// subcommands are examples of the subcommands.
func TestExamples(t *testing.T) {
	root := newRoot(&app{Streams: stdio.Streams{Stdout: io.Discard, Stderr: io.Discard}})
	walk(root, func(cmd *cobra.Command) {
		group := strings.HasSuffix(cmd.Use, " COMMAND")
		lines := strings.Split(cmd.Example, "\n")
		if len(lines) < 2 {
			t.Errorf("%s has %d examples", cmd.CommandPath(), len(lines))
		}
		for _, line := range lines {
			words, ok := strings.CutPrefix(line, "  lcitool ")
			if !ok {
				t.Errorf("%s: example %q", cmd.CommandPath(), line)
				continue
			}
			words, _, _ = strings.Cut(words, " > ")
			words, _, _ = strings.Cut(words, " | ")
			example, _, err := root.Find(strings.Fields(words))
			below := group && err == nil && strings.HasPrefix(example.CommandPath(), cmd.CommandPath()+" ")
			if err != nil || example != cmd && !below {
				t.Errorf("%s: example %q is one of %v, %v", cmd.CommandPath(), line, example, err)
				continue
			}
			fresh, rest, err := newRoot(&app{Streams: stdio.Streams{Stdout: io.Discard, Stderr: io.Discard}}).Traverse(strings.Fields(words))
			if err == nil {
				fresh.InheritedFlags()
				err = fresh.ParseFlags(rest)
			}
			if err != nil {
				t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	})
}
