// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
)

// version is set by the linker to the output of git describe.
var version string

func newVersion(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "json" {
				return a.JSON(versionInfo{versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
			}
			return a.Lines([]string{versionLine()})
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	return cmd
}

// versionFlag adds --version. That of cobra prints through text/template, which
// makes the program a quarter larger.
func versionFlag(flags *pflag.FlagSet, show *bool) {
	flags.BoolVarP(show, "version", "v", false, "version for lcitool")
	f := flags.Lookup("version")
	f.Annotations = map[string][]string{cobra.FlagSetByCobraAnnotation: {"true"}} // nothing completes after it
}

// printVersion prints the version in place of what a command does.
func printVersion(cmd *cobra.Command) error {
	cmd.RunE = func(*cobra.Command, []string) error { return nil }
	_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine())
	return err
}

// A versionInfo is the JSON output of "version".
type versionInfo struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func versionLine() string {
	return fmt.Sprintf("lcitool %s (%s, %s/%s)", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// versionText returns the version from the linker, the module or the commit.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
