// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/settings"
)

// TestBisectSettings: a search that was interrupted goes on only with the same settings,
// whether they are options, in a settings file or in a file with variables.
func TestBisectSettings(t *testing.T) {
	vars := filepath.Join(t.TempDir(), "vars")
	write := func(text string) {
		if err := os.WriteFile(vars, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	decides := func(args []string, s settings.Settings, env ...string) []string {
		a := &app{settings: s}
		v := &bisectVerb{jobVerb: newJobVerb(a)}
		cmd := &cobra.Command{}
		v.event.flags(cmd.Flags())
		v.limits.flags(cmd.Flags())
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(cmd.Flags(), "job bisect", func(error) {}); err != nil {
			t.Fatal(err)
		}
		v.extraEnv = env
		all, err := v.settings(cmd)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	user := func(f settings.File) settings.Settings { return settings.Settings{User: &f} }
	write("A=1\n")
	seen := [][]string{decides(nil, settings.Settings{})}
	for _, other := range [][]string{
		decides([]string{"--event", "push"}, settings.Settings{}),
		decides(nil, user(settings.File{Values: map[string]settings.Value{"event": {Text: "tag"}}})),
		decides(nil, user(settings.File{Values: map[string]settings.Value{"limits.memory": {Text: "1g"}}})),
		decides(nil, user(settings.File{Variables: []settings.Variable{{Name: "A", Value: "2"}}})),
		decides([]string{"--var-file", vars}, settings.Settings{}),
		decides([]string{"--file-var", "A=" + vars}, settings.Settings{}),
		decides(nil, settings.Settings{}, "B=1"),
	} {
		if slices.ContainsFunc(seen, func(s []string) bool { return slices.Equal(s, other) }) {
			t.Errorf("%q is as for other settings", strings.Join(other, " "))
		}
		seen = append(seen, other)
	}
	args := [][]string{{"--var-file", vars}, {"--file-var", "A=" + vars}}
	before := [][]string{decides(args[0], settings.Settings{}), decides(args[1], settings.Settings{})}
	if again := decides(args[0], settings.Settings{}); !slices.Equal(again, before[0]) {
		t.Errorf("the same settings are %q and %q", before[0], again)
	}
	write("A=2\n")
	for i := range args {
		if after := decides(args[i], settings.Settings{}); slices.Equal(after, before[i]) {
			t.Errorf("%q with another file is the same: %q", args[i], after)
		}
	}
}
