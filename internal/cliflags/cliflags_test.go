// SPDX-License-Identifier: GPL-2.0-or-later

package cliflags

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

func command(t *testing.T, args ...string) *cobra.Command {
	t.Helper()
	cmd := &cobra.Command{Use: "x"}
	var format, network string
	var env []string
	Choice(cmd.Flags(), &format, "format", "f", "text or json", "text", "json")
	Choice(cmd.Flags(), &network, "network", "", "network", "", "host")
	cmd.Flags().StringArrayVar(&env, "env", nil, "variable")
	cmd.Flags().Bool("data-dir", false, "directory")
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestCheckChoices(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"--format", "json", "--network="}, ""},
		{[]string{"-f", "xml"}, "argument --format: invalid choice: 'xml' (choose from text, json)"},
		{[]string{"--format="}, "argument --format: invalid choice: '' (choose from text, json)"},
		{[]string{"--network", "none"}, "argument --network: invalid choice: 'none' (choose from host)"},
	} {
		got := ""
		if err := CheckChoices(command(t, c.args...)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	env := map[string]string{"LCITOOL_FORMAT": "json", "LCITOOL_NETWORK": "host"}
	cmd := command(t, "--network", "none")
	if err := FromEnvironment(cmd, func(name string) string { return env[name] }); err != nil {
		t.Fatal(err)
	}
	if f, n := cmd.Flags().Lookup("format").Value.String(), cmd.Flags().Lookup("network").Value.String(); f != "json" || n != "none" {
		t.Errorf("format %q, network %q", f, n)
	}
	env["LCITOOL_DATA_DIR"] = "x"
	if err := FromEnvironment(cmd, func(name string) string { return env[name] }); err == nil {
		t.Error("a value that an option cannot have is accepted")
	}
}

// TestFromEnvironmentBeforeTheCommand: options of the program count, and variables with
// the names of others do not fail it.
func TestFromEnvironmentBeforeTheCommand(t *testing.T) {
	root, config := &cobra.Command{Use: "x", Version: "1"}, ""
	root.Flags().StringVar(&config, "config", "", "settings")
	child := command(t)
	root.AddCommand(child)
	root.InitDefaultVersionFlag()
	child.InitDefaultHelpFlag()
	env := map[string]string{"LCITOOL_CONFIG": "file", "LCITOOL_VERSION": "1.2", "LCITOOL_HELP": "no"}
	for _, cmd := range []*cobra.Command{child, root} {
		if err := FromEnvironment(cmd, func(name string) string { return env[name] }); err != nil || config != "file" {
			t.Errorf("%s: config %q, %v", cmd.Name(), config, err)
		}
	}
}

func TestGiven(t *testing.T) {
	cmd := command(t, "--env", "A=1", "--env", "B=2,3", "--format", "json")
	got := Given(cmd, []string{"env", "network", "none-such", "format"})
	if want := []string{"--env=A=1", "--env=B=2,3", "--format=json"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAbsoluteFiles: "job retry" in another directory reads the same files.
func TestAbsoluteFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	got := AbsoluteFiles([]string{"--env-file=a=b", "--env=x", "--file-var=N=../f", "--env-file=/abs", "--file-var=N", "--env-file="}, "env-file", "file-var")
	want := []string{"--env-file=" + dir + "/a=b", "--env=x", "--file-var=N=" + filepath.Dir(dir) + "/f", "--env-file=/abs", "--file-var=N", "--env-file="}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestExpand(t *testing.T) {
	root := &cobra.Command{Use: "x"}
	root.PersistentFlags().String("forest", "", "")
	root.AddCommand(command(t))
	for _, c := range []struct{ args, want []string }{
		{[]string{"x", "--form", "json"}, []string{"x", "--format", "json"}},
		{[]string{"x", "--fo", "json"}, []string{"x", "--format", "json"}},
		{[]string{"--fo", "a", "x", "--fores=b"}, []string{"--forest", "a", "x", "--forest=b"}},
		{[]string{"x", "--form=json"}, []string{"x", "--format=json"}},
		{[]string{"x", "--", "--form"}, []string{"x", "--", "--form"}},
		{[]string{"x", "--nothing"}, []string{"x", "--nothing"}},
		{[]string{"x", "-f", "--env"}, []string{"x", "-f", "--env"}},
	} {
		if got := Expand(root, c.args); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
}
