// SPDX-License-Identifier: GPL-2.0-or-later

package clihelp

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func sample() (root, run *cobra.Command) {
	root = &cobra.Command{Use: "tool", Short: "Do things"}
	root.PersistentFlags().Bool("debug", false, "print more")
	nop := func(*cobra.Command, []string) {}
	run = &cobra.Command{
		Use: "run NAME...", Short: "Run it", Run: nop, Example: "  tool run '*x*' --memory 2g\n  tool run .hidden",
		Long: "NAME is a pattern such as\n'*debian*'; a `word`.\n\n.begins with a dot\n\n  as it\\is\n\n'quoted'",
	}
	f := run.Flags()
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		f.String(name+name, "", "flag "+name)
	}
	f.StringP("memory", "m", "1g", "`SIZE` for each")
	f.String("secret", "", "never shown")
	_ = f.MarkHidden("secret")
	f.Bool("cpus", false, "some")
	hidden := &cobra.Command{Use: "hidden", Hidden: true, Run: nop}
	root.AddCommand(run, hidden, &cobra.Command{Use: "list", Short: "List them", Run: nop})
	return root, run
}

func style() *Style {
	return &Style{Groups: []Group{
		{Heading: "Other", With: "nosuch", Flags: []string{"memory"}},
		{Heading: "Limits", With: "cpus", Flags: []string{"memory", "cpus"}},
		{Heading: "Again", Flags: []string{"cpus"}},
		{Heading: "Empty", Flags: []string{"none"}},
	}}
}

func TestUsage(t *testing.T) {
	root, run := sample()
	var b bytes.Buffer
	root.SetOut(&b)
	root.SetErr(&b)
	root.SetUsageFunc(style().Usage)
	if err := run.Usage(); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{"Usage:\n  tool run NAME... [flags]\n", "\nExamples:\n  tool run '*x*'", "\nFlags:\n      --aa", "\nLimits:\n      --cpus", "-m, --memory SIZE", "\nGlobal flags:\n      --debug"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Empty") || strings.Contains(got, "Other") || strings.Contains(got, "Again") || strings.Contains(got, "secret") {
		t.Errorf("too much:\n%s", got)
	}
	b.Reset()
	if err := root.Usage(); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "  tool COMMAND [flags]\n\nCommands:\n") || !strings.Contains(got, "  run         Run it\n") || strings.Contains(got, "hidden") || !strings.Contains(got, "\nFlags:\n") {
		t.Errorf("got\n%s", got)
	}
	b.Reset()
	both := &cobra.Command{Use: "both [PATH]", Run: func(*cobra.Command, []string) {}}
	both.AddCommand(&cobra.Command{Use: "init", Run: both.Run})
	root.AddCommand(both)
	if err := both.Usage(); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.HasPrefix(got, "Usage:\n  tool both [PATH]\n  tool both COMMAND [flags]\n\nCommands:\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestMan(t *testing.T) {
	root, run := sample()
	page := style().Man(run, Page{
		Date: "May 2026", Exit: []Item{{"0", "all well"}}, Environment: []Item{{"HOME", "where"}}, Files: []Item{{"~/.config", "settings"}},
	})
	source := string(page)
	for _, want := range []string{
		".TH \"TOOL-RUN\" 1 \"May 2026\"", ".SH NAME\ntool\\-run \\- Run it\n", "\\(aq*debian*\\(aq; a \\(gaword\\(ga.\n", "\n\\&.begins with a dot\n", ".EX\n  as it\\eis\n.EE\n",
		"\n\\(aqquoted\\(aq\n", ".SH OPTIONS\n.TP\n\\fB\\-\\-aa\\fR", ".SS Limits\n", "\\fB\\-m, \\-\\-memory\\fR \\fISIZE\\fR\nSIZE for each (default 1g)\n",
		".SH GLOBAL OPTIONS\n", ".SH EXAMPLES\n.EX\n  tool run \\(aq*x*\\(aq", ".SH EXIT STATUS\n.TP\n.B 0\nall well\n", ".SH ENVIRONMENT\n", ".SH FILES\n.TP\n.B \\(ti/.config\n", ".SH SEE ALSO\n\\fBtool\\fR(1)\n",
	} {
		if !strings.Contains(source, want) {
			t.Errorf("%q is not in\n%s", want, source)
		}
	}
	if strings.Contains(source, "secret") || strings.Contains(string(style().Man(root, Page{})), "hidden") {
		t.Error("what is hidden shows")
	}
}
