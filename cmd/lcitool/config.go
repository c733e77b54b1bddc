// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func newConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the settings of the user and of the project",
		Args:  cobra.ArbitraryArgs,
		RunE:  needAction,
	}
	cmd.AddCommand(newConfigShow(a))
	return cmd
}

func newConfigShow(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show each setting and where its value comes from",
		Long: `Print each setting with its value and where that comes from: a variable of the
environment, the project's settings, the user's, or the default. Values of secret
variables are hidden.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := choice(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			list := a.shownSettings(cmd.Root())
			if format == "json" {
				return a.json(list)
			}
			return a.printSettings(list)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	cmd.Flags().StringVar(&a.baseDir, "base-dir", "", "directory of the project (default the current one)")
	return cmd
}

// A shownSetting is a setting with where its value comes from.
type shownSetting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"` // LCITOOL_NAME, FILE:LINE or "default"
}

const hiddenValue = "[hidden]"

// shownSettings lists all settings.
func (a *app) shownSettings(root *cobra.Command) []shownSetting {
	var out []shownSetting
	for _, key := range settings.Keys() {
		switch key.Kind {
		case settings.Variables:
			out = append(out, a.shownVariables()...)
			continue
		case settings.Mirrors:
			all := a.settings.Mirrors()
			for _, name := range slices.Sorted(maps.Keys(all)) {
				out = append(out, shownSetting{key.Name + "." + name, all[name], a.settings.User.Name})
			}
			continue
		}
		variable := "LCITOOL_" + strings.ToUpper(strings.ReplaceAll(key.Flag, "-", "_"))
		value, ok := a.settings.Lookup(key.Name)
		switch given := a.getenv(variable); {
		case given != "":
			out = append(out, shownSetting{key.Name, given, variable})
		case ok:
			out = append(out, shownSetting{key.Name, value.Text, value.Pos.String()})
		default:
			out = append(out, shownSetting{key.Name, defaultOf(root, key), "default"})
		}
	}
	return out
}

// shownVariables lists the variables of the pipeline.
func (a *app) shownVariables() []shownSetting {
	var out []shownSetting
	for _, v := range a.settings.Variables() {
		s := shownSetting{"variables." + v.Name, v.Value, v.Pos.String()}
		switch {
		case v.Path != "":
			s.Value = "contents of " + v.Path
		case v.Masked || redact.Variables([]string{v.Name + "=" + v.Value}).Text(v.Value) != v.Value:
			s.Value = hiddenValue
		}
		out = append(out, s)
	}
	return out
}

// defaultOf gives the value that a setting has when nobody sets it.
func defaultOf(root *cobra.Command, key settings.Key) string {
	verbs := key.Verbs
	if verbs == nil {
		verbs = []string{"run"}
	}
	for _, verb := range verbs {
		cmd, _, err := root.Find(strings.Fields(verb))
		if err != nil {
			continue
		}
		if f := allFlags(cmd).Lookup(key.Flag); f != nil {
			return strings.TrimPrefix(f.DefValue, "0s")
		}
	}
	return ""
}

func (a *app) printSettings(list []shownSetting) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "KEY\tVALUE\tORIGIN")
	for _, s := range list {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", termtext.Line(s.Key), termtext.Line(cmp.Or(s.Value, "-")), termtext.Line(s.Origin))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.write(b.Bytes())
}
