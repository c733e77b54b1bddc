// SPDX-License-Identifier: GPL-2.0-or-later

package clihelp

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A Page has the parts of a manual page that do not come from its command.
type Page struct {
	Date        string // of the release, such as "November 2026"
	Exit        []Item // statuses
	Environment []Item // variables
	Files       []Item
}

// An Item is a word with what it means.
type Item struct{ Name, Text string }

// Man writes the manual page of a command in section 1, for troff -man.
func (s *Style) Man(cmd *cobra.Command, p Page) []byte {
	var b strings.Builder
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %q 1 %q %q %q\n", strings.ToUpper(name), p.Date, cmd.Root().Name(), cmd.Root().Name())
	b.WriteString(".SH NAME\n" + escape(name) + ` \- ` + escape(cmd.Short) + "\n")
	b.WriteString(".SH SYNOPSIS\n.B " + escape(cmd.UseLine()) + "\n")
	b.WriteString(".SH DESCRIPTION\n" + paragraphs(firstOf(cmd.Long, cmd.Short)))
	if cmd.HasAvailableSubCommands() {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				b.WriteString(".TP\n.BR " + escape(name+"-"+sub.Name()) + " (1)\n" + escape(sub.Short) + "\n")
			}
		}
	}
	headings, sets := s.grouped(cmd)
	for i, set := range sets {
		heading := "OPTIONS"
		if i > 0 || headings[0] != "Flags" {
			heading = ""
		}
		writeFlags(&b, i, heading, headings[i], set)
	}
	if cmd.HasAvailableInheritedFlags() {
		b.WriteString(".SH GLOBAL OPTIONS\n")
		flagItems(&b, cmd.InheritedFlags())
	}
	if cmd.HasExample() {
		b.WriteString(".SH EXAMPLES\n.EX\n" + literal(cmd.Example) + ".EE\n")
	}
	items(&b, "EXIT STATUS", p.Exit)
	items(&b, "ENVIRONMENT", p.Environment)
	items(&b, "FILES", p.Files)
	b.WriteString(".SH SEE ALSO\n" + strings.Join(related(cmd), ", ") + "\n")
	return []byte(b.String())
}

// writeFlags writes flags below a heading of their own or that of all.
func writeFlags(b *strings.Builder, i int, heading, group string, set *pflag.FlagSet) {
	switch {
	case heading != "":
		b.WriteString(".SH " + heading + "\n")
	case i == 0:
		b.WriteString(".SH OPTIONS\n.SS " + escape(group) + "\n")
	default:
		b.WriteString(".SS " + escape(group) + "\n")
	}
	flagItems(b, set)
}

func flagItems(b *strings.Builder, set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		kind, text := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		b.WriteString(".TP\n\\fB" + escape(name) + "\\fR")
		if kind != "" {
			b.WriteString(" \\fI" + escape(kind) + "\\fR")
		}
		b.WriteString("\n" + escape(text))
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" {
			b.WriteString(" (default " + escape(f.DefValue) + ")")
		}
		b.WriteString("\n")
	})
}

func items(b *strings.Builder, heading string, list []Item) {
	if len(list) == 0 {
		return
	}
	b.WriteString(".SH " + heading + "\n")
	for _, i := range list {
		b.WriteString(".TP\n.B " + escape(i.Name) + "\n" + escape(i.Text) + "\n")
	}
}

// related are the commands above and below one, and those beside it.
func related(cmd *cobra.Command) []string {
	page := func(c *cobra.Command) string {
		return `\fB` + escape(strings.ReplaceAll(c.CommandPath(), " ", "-")) + `\fR(1)`
	}
	var all []string
	if cmd.HasParent() {
		all = append(all, page(cmd.Parent()))
		for _, c := range cmd.Parent().Commands() {
			if c.IsAvailableCommand() && c != cmd && cmd.Parent().HasParent() {
				all = append(all, page(c))
			}
		}
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			all = append(all, page(c))
		}
	}
	return all
}

// paragraphs writes a text of paragraphs; indented ones stay as they are.
func paragraphs(text string) string {
	var b strings.Builder
	for i, p := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		if strings.HasPrefix(p, "  ") {
			b.WriteString(".PP\n.EX\n" + literal(p) + ".EE\n")
			continue
		}
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(escape(p) + "\n")
	}
	return b.String()
}

func literal(text string) string { return escape(strings.Trim(text, "\n")) + "\n" }

// escape prevents troff from reading text as requests.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
