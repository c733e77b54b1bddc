// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

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
