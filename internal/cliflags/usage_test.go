// SPDX-License-Identifier: GPL-2.0-or-later

package cliflags_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

func command(t *testing.T, args string) *cobra.Command {
	t.Helper()
	cmd := &cobra.Command{Use: "run", Run: func(*cobra.Command, []string) {}}
	cmd.Flags().Bool("render", false, "")
	cmd.Flags().Bool("pull", false, "")
	cmd.Flags().String("tag", "", "")
	cmd.Flags().StringArray("env", nil, "")
	cmd.Flags().Duration("timeout", 0, "")
	if err := cmd.ParseFlags(strings.Fields(args)); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestExclude(t *testing.T) {
	for args, want := range map[string]string{
		"":                        "",
		"--render":                "",
		"--pull --tag x":          "",
		"--render --pull":         "argument --pull: not allowed with argument --render",
		"--render --tag x":        "argument --tag: not allowed with argument --render",
		"--env a --tag x":         "argument --tag: not allowed with argument --env",
		"--render=false --pull":   "",
		"--pull --render --tag x": "argument --pull: not allowed with argument --render",
	} {
		err := cliflags.Exclude(command(t, args), "pull render", "tag render env", "none render")
		if got := errorText(err); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
		if _, ok := errors.AsType[*cliflags.UsageError](err); ok != (want != "") {
			t.Errorf("%q: no error of the command line: %v", args, err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestArgs(t *testing.T) {
	for _, c := range []struct {
		check cobra.PositionalArgs
		args  string
		want  string
	}{
		{cliflags.Args("A", "B"), "x y", ""},
		{cliflags.Args("A", "B"), "x", "the following arguments are required: B"},
		{cliflags.Args("A", "B"), "", "the following arguments are required: A, B"},
		{cliflags.Args("A"), "x y z", "unrecognized arguments: y z"},
		{cliflags.Args(), "", ""},
		{cliflags.AtMostArgs("A"), "", ""},
		{cliflags.AtMostArgs("A"), "x", ""},
		{cliflags.AtMostArgs("A"), "x y", "unrecognized arguments: y"},
	} {
		if got := errorText(c.check(command(t, ""), strings.Fields(c.args))); got != c.want {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
}

func TestFlagErrorNamesTheOptionThatWasMeant(t *testing.T) {
	cmd := command(t, "")
	err := cmd.ParseFlags([]string{"--timeuot", "1s"})
	if !cliflags.IsFlagError(err) {
		t.Fatalf("%v", err)
	}
	err = cliflags.FlagError(cmd, err)
	if cliflags.IsFlagError(err) || !strings.Contains(diag.Hint(err), "--timeout") {
		t.Errorf("%v, hint %q", err, diag.Hint(err))
	}
	if err := cmd.ParseFlags([]string{"--timeout", "soon"}); !cliflags.IsFlagError(err) {
		t.Errorf("%v", err)
	}
	if cliflags.IsFlagError(errors.New("x")) || cliflags.IsFlagError(nil) {
		t.Error("another error counts as one of an option")
	}
}

func TestFlagErrorSaysWhatAValueMustBe(t *testing.T) {
	for args, want := range map[string]string{
		"--jobs many":                 "argument --jobs: 'many' is not a whole number",
		"-j 1.5":                      "argument --jobs: '1.5' is not a whole number",
		"--jobs 99999999999999999999": "argument --jobs: '99999999999999999999' is too large",
		"--cpus two":                  "argument --cpus: 'two' is not a number",
		"--timeout 5":                 "argument --timeout: '5' is not a duration such as 90s or 1h",
		"--render=maybe":              "argument --render: 'maybe' is not true or false",
		"--nosuch":                    "unknown flag: --nosuch",
		"--tag":                       "flag needs an argument: --tag",
	} {
		cmd := command(t, "")
		cmd.Flags().IntP("jobs", "j", 0, "")
		cmd.Flags().Float64("cpus", 0, "")
		if got := errorText(cliflags.FlagError(cmd, cmd.ParseFlags(strings.Fields(args)))); got != want {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
}

func TestFromEnvironmentNamesTheVariable(t *testing.T) {
	getenv := func(name string) string { return map[string]string{"LCITOOL_TIMEOUT": "soon"}[name] }
	want := "environment variable LCITOOL_TIMEOUT: 'soon' is not a duration such as 90s or 1h"
	if got := errorText(cliflags.FromEnvironment(command(t, ""), getenv)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestUnknownAction(t *testing.T) {
	cmd := &cobra.Command{Use: "job"}
	cmd.AddCommand(&cobra.Command{Use: "list", Run: func(*cobra.Command, []string) {}}, &cobra.Command{Use: "lost", Hidden: true, Run: func(*cobra.Command, []string) {}})
	if got := cliflags.Actions(cmd); len(got) != 1 || got[0] != "list" {
		t.Errorf("%q", got)
	}
	plain := errors.New("unknown")
	if err := cliflags.Unknown(cmd, plain, "lsit"); !errors.Is(err, plain) || !strings.Contains(diag.Hint(err), "list") {
		t.Errorf("hint %q", diag.Hint(err))
	}
	if err := cliflags.Unknown(cmd, plain, "frobnicate"); diag.Hint(err) != "" {
		t.Errorf("hint %q", diag.Hint(err))
	}
	if err := cliflags.Args()(cmd, []string{"lsit"}); !strings.Contains(diag.Hint(err), `"list"`) {
		t.Errorf("hint %q of a command with actions of its own", diag.Hint(err))
	}
}

// TestGlobalFlagAfterTheCommand: a flag of the program alone comes before the command.
func TestGlobalFlagAfterTheCommand(t *testing.T) {
	root := &cobra.Command{Use: "lcitool"}
	root.Flags().String("config", "", "")
	cmd := &cobra.Command{Use: "list", Run: func(*cobra.Command, []string) {}}
	root.AddCommand(cmd)
	for flag, want := range map[string]string{"--config=x": "--config comes before the command: lcitool --config ...", "--nosuch": ""} {
		if got := diag.Hint(cliflags.FlagError(cmd, cmd.ParseFlags([]string{flag}))); got != want {
			t.Errorf("%s: hint %q, want %q", flag, got, want)
		}
	}
}

func TestRestore(t *testing.T) {
	names, pairs := []string{"tag", "env", "render"}, []string{"env"}
	first := command(t, "--tag one --env A=1 --env B=2 --timeout 3s")
	given := cliflags.Given(first, names)
	if want := "--tag=one --env=A=1 --env=B=2"; strings.Join(given, " ") != want {
		t.Fatalf("%q, want %q", given, want)
	}
	again := command(t, "--tag two")
	if err := cliflags.Restore(again, append(given, "--timeout=9s", "--none=1"), names, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cliflags.Given(again, names), " "); got != "--tag=two --env=A=1 --env=B=2" {
		t.Errorf("%q", got)
	}
	if f := again.Flags().Lookup("timeout"); f.Changed {
		t.Error("an option was restored that may not be")
	}
	again = command(t, "--env B=3 --env C --env TOKEN=x")
	if err := cliflags.Restore(again, append(given, "--env=C=1", "--env=D", "--env=TOKEN=[hidden]"), names, pairs); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cliflags.Given(again, names), " "); got != "--tag=one --env=B=3 --env=C --env=TOKEN=x --env=A=1 --env=D" {
		t.Errorf("with others on the command line: %q", got)
	}
	if err := cliflags.Restore(command(t, "--env A=1"), []string{"--env=TOKEN=[hidden]"}, names, pairs); err == nil {
		t.Error("a secret beside which another variable is given")
	}
	err := cliflags.Restore(command(t, ""), []string{"--env=TOKEN=[hidden]"}, names, pairs)
	if err == nil || diag.Hint(err) != "give it again" {
		t.Errorf("a secret: %v", err)
	}
	if err := cliflags.Restore(command(t, "--env TOKEN=x"), []string{"--env=TOKEN=[hidden]"}, names, pairs); err != nil {
		t.Errorf("a secret that is given again: %v", err)
	}
	if err := cliflags.Restore(command(t, ""), []string{"--render=perhaps"}, names, pairs); err == nil {
		t.Error("a value that the option refuses")
	}
}

func TestDefault(t *testing.T) {
	root := &cobra.Command{Use: "lcitool"}
	run, job := &cobra.Command{Use: "run"}, &cobra.Command{Use: "job"}
	list := &cobra.Command{Use: "list"}
	job.AddCommand(list)
	root.AddCommand(run, job)
	run.Flags().Duration("timeout", 0, "")
	list.Flags().String("event", "push", "")
	for _, c := range []struct {
		verbs []string
		flag  string
		want  string
	}{
		{nil, "timeout", ""}, {[]string{"job list"}, "event", "push"}, {[]string{"run", "job list"}, "event", "push"}, {nil, "event", ""},
	} {
		if got := cliflags.Default(root, c.verbs, c.flag); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.verbs, c.flag, got, c.want)
		}
	}
}
